#include <algorithm>
#include <array>

#include "base/json.h"
#include "config/composite_keys.h"

namespace ringcast::config {

namespace {

// What is below them is served by others.
constexpr std::array<std::string_view, 7> kTaken = {"/events", "/topics",  "/history", "/healthz",
                                                    "/readyz", "/metrics", "/admin"};
constexpr std::string_view kCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

Status check_path(std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/') ||
      path.find_first_not_of(kCharacters) != std::string_view::npos) {
    return fail(Errc::kInvalid,
                "must begin with / and end without, of letters, digits and -._~/: as in "
                "/.well-known/mercure");
  }
  const bool is_taken = std::any_of(kTaken.begin(), kTaken.end(), [path](std::string_view taken) {
    return path == taken || (path.starts_with(taken) && path[taken.size()] == '/');
  });
  return is_taken ? fail(Errc::kInvalid, "is taken by another route") : Status(Ok{});
}

}  // namespace

Status read_mercure_path(const Node& value, std::string_view path, Config& config) {
  if (value.kind != Node::Kind::kScalar) {
    return fail_at(value.where, path, "must be a path, not " + found(value));
  }
  if (Status valid = check_path(value.scalar); !valid) {
    return fail_at(value.where, path, found(value) + ": " + valid.error().detail);
  }
  config.server.mercure.path = value.scalar;
  return Ok{};
}

std::string print_mercure_path(const Config& config) {
  return " " + json::quoted(config.server.mercure.path);
}

}  // namespace ringcast::config
