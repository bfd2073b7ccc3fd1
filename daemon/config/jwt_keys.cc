#include <algorithm>
#include <utility>

#include "auth/algorithm.h"
#include "base/json.h"
#include "base/text.h"
#include "config/composite_keys.h"
#include "config/string_list.h"

namespace ringcast::config {

namespace {

Status check_algorithm(std::string_view name) {
  if (auth::algorithm_named(name)) {
    return Ok{};
  }
  if (equals_ignoring_case(name, "none")) {
    return fail(Errc::kInvalid, "is no signature at all, and never allowed");
  }
  for (const std::string_view known : auth::kAlgorithmNames) {
    if (equals_ignoring_case(name, known)) {
      return fail(Errc::kInvalid, "did you mean " + std::string(known) + "?");
    }
  }
  std::string names;
  for (const std::string_view known : auth::kAlgorithmNames) {
    names.append(names.empty() ? "" : ", ").append(known);
  }
  return fail(Errc::kInvalid, "is not known: " + names + " are");
}

Status check_audience(std::string_view name) {
  return name.empty() ? fail(Errc::kInvalid, "must not be empty") : Status(Ok{});
}

Status read_algorithms_of(auth::JwtOptions& jwt, const Node& value, std::string_view path) {
  auto names = read_strings(value, path, check_algorithm);
  if (!names) {
    return std::move(names).failure();
  }
  jwt.algorithms.clear();
  for (const std::string& name : *names) {
    jwt.algorithms.push_back(*auth::algorithm_named(name));
  }
  return Ok{};
}

std::string print_algorithms_of(const auth::JwtOptions& jwt) {
  std::string out;
  for (const auth::Algorithm algorithm : jwt.algorithms) {
    out.append(out.empty() ? "" : ", ").append(auth::name_of(algorithm));
  }
  return " [" + out + "]";
}

}  // namespace

Status read_algorithms(const Node& value, std::string_view path, Config& config) {
  return read_algorithms_of(config.auth.jwt, value, path);
}

std::string print_algorithms(const Config& config) {
  return print_algorithms_of(config.auth.jwt);
}

Status read_mercure_algorithms(const Node& value, std::string_view path, Config& config) {
  return read_algorithms_of(config.server.mercure.jwt, value, path);
}

std::string print_mercure_algorithms(const Config& config) {
  return print_algorithms_of(config.server.mercure.jwt);
}

Status read_subscriber_algorithms(const Node& value, std::string_view path, Config& config) {
  return read_algorithms_of(config.server.mercure.subscriber_jwt, value, path);
}

std::string print_subscriber_algorithms(const Config& config) {
  return print_algorithms_of(config.server.mercure.subscriber_jwt);
}

Status read_audience(const Node& value, std::string_view path, Config& config) {
  if (value.kind == Node::Kind::kScalar) {
    if (auto status = check_audience(value.scalar); !status) {
      return fail_at(value.where, path, found(value) + ": " + status.error().detail);
    }
    config.auth.jwt.audience = {value.scalar};
    return Ok{};
  }
  auto names = read_strings(value, path, check_audience);
  if (!names) {
    return std::move(names).failure();
  }
  config.auth.jwt.audience = *std::move(names);
  return Ok{};
}

std::string print_audience(const Config& config) {
  return " " + print_strings(config.auth.jwt.audience);
}

}  // namespace ringcast::config
