#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/assignment.h"
#include "config/checks.h"
#include "config/config.h"
#include "config/keys.h"

namespace ringcast::config {

namespace {

constexpr std::string_view kVariablePrefix = "RINGCAST_";
// Variables of the command-line client, and of ringcastd before it reads settings.
constexpr std::array<std::string_view, 4> kForeignVariables = {"RINGCAST_CACERT", "RINGCAST_CONFIG",
                                                               "RINGCAST_TOKEN", "RINGCAST_URL"};

std::string variable_of(const Key& key) {
  std::string name(kVariablePrefix);
  for (const char c : key.path) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

const Key* key_of(std::string_view variable) {
  const auto keys = all_keys();
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const Key& key) { return variable_of(key) == variable; });
  return found == keys.end() ? nullptr : &*found;
}

Status assign_file(const Sources& sources, std::vector<Assignment>& out) {
  auto root = parse_yaml(sources.file_text, sources.file_name, true);
  if (!root) {
    return std::move(root).failure();
  }
  return assign(**root, all_keys(), "", {}, out);
}

std::string warn_of(std::string_view variable) {
  std::vector<std::string> names;
  const std::string below = std::string(variable) + "_";
  const std::string quoted = json::quoted(variable);
  const std::string what = quoted.substr(1, quoted.size() - 2) + " is no setting";
  for (const Key& key : all_keys()) {
    names.push_back(variable_of(key));
    if (names.back().starts_with(below)) {
      const size_t size = variable.size() - kVariablePrefix.size();
      return what + ": " + std::string(key.path.substr(0, size)) + " is a section; set " +
             names.back() + " and the like";
    }
  }
  const std::string near = nearest(variable, names);
  return what + (near.empty() ? "" : "; did you mean " + near + "?");
}

Status assign_environment(const Sources& sources, Loaded& loaded, std::vector<Assignment>& out) {
  for (const auto& variable : sources.environment) {
    const std::string& name = variable.first;
    const bool is_foreign = std::find(kForeignVariables.begin(), kForeignVariables.end(), name) !=
                            kForeignVariables.end();
    if (!name.starts_with(kVariablePrefix) || is_foreign) {
      continue;
    }
    const Key* key = key_of(name);
    if (key == nullptr) {
      // Orchestrators set variables of their own, named after the service.
      loaded.warnings.push_back(warn_of(name));
      continue;
    }
    const auto file = sources.variable_files.find(name);
    const bool has_file = file != sources.variable_files.end();
    const std::string source = has_file ? name + "_FILE: " + file->second : name;
    auto value = parse_yaml(variable.second, source, has_file);
    if (!value) {
      return std::move(value).failure();
    }
    out.push_back({key, *std::move(value), std::string(key->path)});
  }
  return Ok{};
}

// "limits.body=2MiB" becomes the map that a file would have: {limits: {body: 2MiB}}.
Status assign_flag(const std::string& text, std::vector<Assignment>& out) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(Errc::kInvalid, "--set " + text + ": write --set path.to.key=value");
  }
  std::string path = text.substr(0, equals);
  const std::string flag = "--set " + path;
  auto value = parse_yaml(text.substr(equals + 1), flag, false);
  if (!value) {
    return std::move(value).failure();
  }
  const Where where{std::make_shared<const std::string>(flag)};
  NodePtr node = *std::move(value);
  while (true) {
    const size_t dot = path.rfind('.');
    const size_t begin = dot == std::string::npos ? 0 : dot + 1;
    auto map = std::make_shared<Node>();
    map->kind = Node::Kind::kMap;
    map->where = where;
    map->entries.push_back({path.substr(begin), where, std::move(node)});
    node = std::move(map);
    if (dot == std::string::npos) {
      return assign(*node, all_keys(), "", {}, out);
    }
    path.resize(dot);
  }
}

// The addresses are no YAML: [::1]:8080 needs no quotes here.
void assign_listen(const std::vector<std::string>& addresses, std::vector<Assignment>& out) {
  if (addresses.empty()) {
    return;
  }
  const Where where{std::make_shared<const std::string>("--listen")};
  auto list = std::make_shared<Node>();
  list->kind = Node::Kind::kSequence;
  list->where = where;
  for (const std::string& address : addresses) {
    auto item = std::make_shared<Node>();
    item->kind = Node::Kind::kScalar;
    item->scalar = address;
    item->where = where;
    list->items.push_back(std::move(item));
  }
  const auto keys = all_keys();
  const auto is_listen = [](const Key& key) { return key.path == "listen"; };
  const auto key = std::find_if(keys.begin(), keys.end(), is_listen);
  out.push_back({&*key, std::move(list), std::string(key->path)});
}

Status assign_all(const Sources& sources, Loaded& loaded, std::vector<Assignment>& out) {
  if (auto status = assign_file(sources, out); !status) {
    return status;
  }
  if (auto status = assign_environment(sources, loaded, out); !status) {
    return status;
  }
  for (const std::string& flag : sources.set) {
    if (auto status = assign_flag(flag, out); !status) {
      return status;
    }
  }
  assign_listen(sources.listen, out);
  return Ok{};
}

}  // namespace

bool is_variable(std::string_view name) {
  return key_of(name) != nullptr;
}

Result<Loaded> load(const Sources& sources) {
  Loaded loaded;
  std::vector<Assignment> assignments;
  if (auto status = assign_all(sources, loaded, assignments); !status) {
    return std::move(status).failure();
  }
  if (auto status = apply(assignments, loaded.config); !status) {
    return std::move(status).failure();
  }
  if (auto status = check_together(loaded.config, assignments); !status) {
    return std::move(status).failure();
  }
  return loaded;
}

}  // namespace ringcast::config
