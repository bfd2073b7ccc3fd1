#include <optional>

#include "base/text.h"
#include "config/composite_keys.h"

namespace ringcast::config {

namespace {

constexpr uint64_t kWorkersLimit = 63;  // A bit of 64 each in the hub, and one for webhooks.

}  // namespace

Status read_workers(const Node& value, std::string_view path, Config& config) {
  const bool is_plain = value.kind == Node::Kind::kScalar && !value.quoted;
  if (value.kind == Node::Kind::kScalar && value.scalar == "auto") {
    config.workers = 0;
    return Ok{};
  }
  const auto number = is_plain ? parse_uint(value.scalar) : std::nullopt;
  if (!number || *number < 1 || *number > kWorkersLimit) {
    return fail_at(value.where, path,
                   "must be auto or a whole number from 1 to " + std::to_string(kWorkersLimit) +
                       ", not " + found(value));
  }
  config.workers = static_cast<uint32_t>(*number);
  return Ok{};
}

std::string print_workers(const Config& config) {
  return config.workers == 0 ? " auto" : " " + std::to_string(config.workers);
}

}  // namespace ringcast::config
