#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace ringcast {

// Each code decides behaviour; http/problem.cc maps it to a status.
enum class Errc {
  kIo,            // The system refused: a file, a socket.
  kInvalid,       // Malformed input: request, topic, pattern, JSON, UTF-8, configuration.
  kUnauthorized,  // No or bad credentials.
  kForbidden,     // Good credentials, or none needed, but not this.
  kNotFound,
  kMethodNotAllowed,
  kMethodUnknown,
  kTimeout,   // The peer was too slow with its head or body.
  kTooLarge,  // Body or line over the limit.
  kHeadTooLarge,
  kExpectation,  // An Expect header that we do not know.
  kMediaType,
  kVersion,      // An HTTP version that we do not speak.
  kTooMany,      // Over a rate or a quota of its own.
  kOverloaded,   // Out of ring memory, topics or connections; draining.
  kBehind,       // No memory until the workers have pumped: asking again soon may succeed.
  kStorage,      // The journal cannot be written or read at the moment.
  kStorageFull,  // Its disk, or what it may take of it, is full.
};

struct Error {
  Errc code;
  std::string detail;  // What was wrong and where, for the log and the answer. Never parsed.
  std::string field;   // The field, parameter or header that was wrong; may be empty.
  int64_t index = -1;  // The element of an array, from 0; -1 where there is none.
  int64_t line = -1;   // The line of NDJSON, from 1; -1 where there is none.
};

// The error half of a Result on its way up; see fail().
struct Failure {
  Error error;
};

[[nodiscard]] inline Failure fail(Errc code, std::string detail = {}, std::string field = {}) {
  return Failure{{.code = code, .detail = std::move(detail), .field = std::move(field)}};
}

// A value or an Error. Has the part of std::expected that we use (GCC 12 offers
// that class only with -std=c++23), so that it can become an alias later.
template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  const Error& error() const noexcept { return *std::get_if<1>(&state_); }
  // For `return std::move(result).failure();` where the caller returns another Result.
  Failure failure() && noexcept { return Failure{std::move(*std::get_if<1>(&state_))}; }

 private:
  std::variant<T, Error> state_;
};

struct Ok {};
using Status = Result<Ok>;

}  // namespace ringcast
