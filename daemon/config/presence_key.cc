#include <utility>

#include "config/composite_keys.h"
#include "config/string_list.h"
#include "topics/name.h"

namespace ringcast::config {

namespace {

// What is told of a topic is an event in another one: to tell of that again would have no end.
Status check_named(std::string_view pattern) {
  if (topics::is_reserved(pattern)) {
    return fail(Errc::kInvalid, "names that begin with $ are the broker's");
  }
  return topics::check_pattern(pattern);
}

}  // namespace

Status read_presence(const Node& value, std::string_view path, Config& config) {
  auto patterns = read_strings(value, path, check_named);
  if (!patterns) {
    return std::move(patterns).failure();
  }
  config.server.presence = *std::move(patterns);
  return Ok{};
}

std::string print_presence(const Config& config) {
  return " " + print_strings(config.server.presence);
}

}  // namespace ringcast::config
