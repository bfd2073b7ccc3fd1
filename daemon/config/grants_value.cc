#include "config/grants_value.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "config/string_list.h"
#include "topics/name.h"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 3> kGrantKeys = {"publish", "subscribe", "admin"};

Failure refuse_grant(const Node::Entry& entry, std::string_view path,
                     std::span<const std::string_view> others) {
  std::vector<std::string_view> known(others.begin(), others.end());
  known.insert(known.end(), kGrantKeys.begin(), kGrantKeys.end());
  const std::string near = nearest(entry.name, known);
  std::string advice = near.empty() ? "known here: " : "did you mean " + near + "?";
  for (size_t i = 0; near.empty() && i < known.size(); ++i) {
    advice.append(i == 0 ? "" : ", ").append(known[i]);
  }
  return fail_at(entry.where, path, "unknown key " + json::quoted(entry.name) + "; " + advice);
}

}  // namespace

Status read_grants(const Node& map, std::string_view path, std::span<const std::string_view> others,
                   auth::Grants& grants) {
  for (const Node::Entry& entry : map.entries) {
    const std::string& name = entry.name;
    if (std::find(others.begin(), others.end(), name) != others.end()) {
      continue;
    }
    if (std::find(kGrantKeys.begin(), kGrantKeys.end(), name) == kGrantKeys.end()) {
      return refuse_grant(entry, path, others);
    }
    const bool is_admin = name == "admin";
    const std::string below = std::string(path).append(".").append(name);
    auto strings = read_strings(*entry.value, below,
                                is_admin ? auth::check_admin_route : topics::check_pattern);
    if (!strings) {
      return std::move(strings).failure();
    }
    (is_admin            ? grants.admin
     : name == "publish" ? grants.publish
                         : grants.subscribe) = *std::move(strings);
  }
  return Ok{};
}

std::string print_grants(const auth::Grants& grants) {
  return "publish: " + print_strings(grants.publish) +
         ", subscribe: " + print_strings(grants.subscribe) +
         ", admin: " + print_strings(grants.admin);
}

}  // namespace ringcast::config
