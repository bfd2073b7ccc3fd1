#include "config/string_list.h"

#include "base/json.h"

namespace ringcast::config {

Result<std::vector<std::string>> read_strings(const Node& value, std::string_view path,
                                              Status (*check)(std::string_view)) {
  if (value.kind != Node::Kind::kSequence && value.kind != Node::Kind::kNull) {
    return fail_at(value.where, path, "must be a list, not " + found(value));
  }
  std::vector<std::string> strings;
  for (const NodePtr& item : value.items) {
    const std::string name = std::string(path) + "[" + std::to_string(strings.size()) + "]";
    if (item->kind != Node::Kind::kScalar) {
      return fail_at(item->where, name, "must be text, not " + found(*item));
    }
    if (auto status = check(item->scalar); !status) {
      return fail_at(item->where, name, found(*item) + ": " + status.error().detail);
    }
    strings.push_back(item->scalar);
  }
  return strings;
}

std::string print_strings(const std::vector<std::string>& strings) {
  std::string out = "[";
  for (const std::string& string : strings) {
    out += (out.size() == 1 ? "" : ", ") + json::quoted(string);
  }
  return out + "]";
}

}  // namespace ringcast::config
