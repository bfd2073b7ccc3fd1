#include "base/json.h"
#include "config/composite_keys.h"

namespace ringcast::config {

Status read_journal_path(const Node& value, std::string_view path, Config& config) {
  if (value.kind != Node::Kind::kScalar && value.kind != Node::Kind::kNull) {
    return fail_at(value.where, path, "must be the path of a directory, not " + found(value));
  }
  config.journal.path = value.scalar;
  return Ok{};
}

std::string print_journal_path(const Config& config) {
  return " " + json::quoted(config.journal.path);
}

}  // namespace ringcast::config
