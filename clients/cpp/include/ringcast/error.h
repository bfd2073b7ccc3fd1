#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ringcast::client {

// What kind of failure it was. Decide by this and by Error::is_transient, never by the message.
enum class Errc {
  kNone,
  kInvalid,       // An argument is wrong, the message says which; nothing was sent.
  kUnusable,      // The URL or the certificates do not do; trying again is no use.
  kNoConnection,  // The broker cannot be reached.
  kBroken,        // The connection broke before the answer was complete.
  kTimeout,       // Nothing came in time.
  kRefused,       // An answer with another status than 2xx: `status` and `problem` tell more.
  kNotAStream,    // An answer with 2xx to a subscription, but no event stream.
  kTooLarge,      // An event or an answer is over its limit.
  kNoToken,       // The TokenSource had none.
  kQueueFull,     // Too much waits to be published.
  kClosed,        // The client was closed first.
};

// What the broker says about a refusal (RFC 9457); empty where it said nothing.
struct Problem {
  std::string type;
  std::string title;
  std::string detail;
  std::string field;                 // The field, parameter or header that was wrong.
  std::optional<uint64_t> line;      // Of a batch: which event it was, from 1.
  std::optional<uint64_t> accepted;  // Of a batch: how many events before it were taken.
};

struct Error {
  Errc code = Errc::kNone;
  std::string message;  // A sentence for people, with the broker's own words where there are any.
  int status = 0;       // Of kRefused and kNotAStream: the HTTP status.
  Problem problem;
  std::optional<uint64_t> retry_after_ms;  // What the broker asked for, at most an hour.
  bool is_transient = false;               // Asking again later may help.

  explicit operator bool() const noexcept { return code != Errc::kNone; }
};

// A value or an Error, with the part of C++23's std::expected that is used here. Look before you
// dereference: without a value there is nothing behind * and ->.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  // Only where there is no value.
  [[nodiscard]] const Error& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace ringcast::client
