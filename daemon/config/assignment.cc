#include "config/assignment.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace ringcast::config {

namespace {

// Walks the sections of one map.
class Assigner {
 public:
  Assigner(std::span<const Key> keys, std::string_view prefix,
           std::span<const std::string_view> others, std::vector<Assignment>& out)
      : keys_(keys), prefix_(prefix), others_(others), out_(out) {}

  // `section` is empty or ends with a dot: "limits.".
  Status walk(const Node& map, const std::string& section) {
    if (map.kind == Node::Kind::kNull) {
      return Ok{};  // A section whose keys are all commented out.
    }
    if (map.kind != Node::Kind::kMap) {
      const std::string path =
          prefix_ + section.substr(0, section.empty() ? 0 : section.size() - 1);
      return fail_at(map.where, path.empty() ? "settings" : path,
                     "must be a map of keys, not " + found(map));
    }
    for (const Node::Entry& entry : map.entries) {
      if (auto status = take(entry, section); !status) {
        return status;
      }
    }
    return Ok{};
  }

 private:
  Status take(const Node::Entry& entry, const std::string& section) {
    const std::string path = section + entry.name;
    const auto is_it = [&](const Key& key) { return key.path == path; };
    if (const auto key = std::find_if(keys_.begin(), keys_.end(), is_it); key != keys_.end()) {
      out_.push_back({&*key, entry.value, prefix_ + path});
      return Ok{};
    }
    const auto is_below = [&](const Key& key) { return key.path.starts_with(path + "."); };
    if (std::any_of(keys_.begin(), keys_.end(), is_below)) {
      return walk(*entry.value, path + ".");
    }
    if (section.empty() && std::find(others_.begin(), others_.end(), path) != others_.end()) {
      return Ok{};
    }
    return refuse(entry, section);
  }

  // The names that can stand in a section, each once.
  std::set<std::string> names_in(std::string_view section) const {
    std::set<std::string> names;
    for (const Key& key : keys_) {
      if (key.path.starts_with(section)) {
        const std::string_view rest = key.path.substr(section.size());
        names.emplace(rest.substr(0, rest.find('.')));
      }
    }
    if (section.empty()) {
      names.insert(others_.begin(), others_.end());
    }
    return names;
  }

  Failure refuse(const Node::Entry& entry, const std::string& section) const {
    const std::set<std::string> names = names_in(section);
    std::string advice;
    if (const std::string near = nearest(entry.name, names); !near.empty()) {
      advice = "did you mean " + section + near + "?";
    } else if (const std::string moved = elsewhere(entry.name); !moved.empty()) {
      advice = "did you mean " + moved + "?";
    } else {
      advice = "known here:";
      for (const std::string& name : names) {
        advice += (name == *names.begin() ? " " : ", ") + name;
      }
    }
    const std::string quoted = json::quoted(section + entry.name);
    return fail_at(entry.where, prefix_ + quoted.substr(1, quoted.size() - 2),
                   "unknown key; " + advice);
  }

  // The right key in the wrong section.
  std::string elsewhere(std::string_view name) const {
    for (const Key& key : keys_) {
      if (key.path.ends_with("." + std::string(name))) {
        return std::string(key.path);
      }
    }
    return {};
  }

  std::span<const Key> keys_;
  std::string prefix_;
  std::span<const std::string_view> others_;
  std::vector<Assignment>& out_;
};

}  // namespace

Status assign(const Node& map, std::span<const Key> keys, std::string_view prefix,
              std::span<const std::string_view> others, std::vector<Assignment>& out) {
  return Assigner(keys, prefix, others, out).walk(map, "");
}

Status apply(std::vector<Assignment>& assignments, Config& config) {
  const auto is_before = [](const Assignment& a, const Assignment& b) { return a.key < b.key; };
  std::stable_sort(assignments.begin(), assignments.end(), is_before);
  for (const Assignment& assignment : assignments) {
    auto status = read_key(*assignment.key, *assignment.value, assignment.path, config);
    if (!status) {
      return status;
    }
  }
  return Ok{};
}

}  // namespace ringcast::config
