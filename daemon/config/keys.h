#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "config/config.h"
#include "config/node.h"

namespace ringcast::config {

// The kinds of value that a key can have. `at` finds the member in a Config.
struct Count {
  uint64_t& (*at)(Config&);
  uint64_t low;
  uint64_t high;
};
struct Size {
  uint64_t& (*at)(Config&);
  uint64_t low;
  uint64_t high;
  bool or_zero = false;  // 0 is allowed besides the range: without bound.
};
struct Time {
  int64_t& (*at)(Config&);
  int64_t low_ms;
  int64_t high_ms;
  bool or_zero = false;  // 0 is allowed besides the range: off, or without bound.
};
// Any text without a zero byte.
struct Text {
  std::string& (*at)(Config&);
  std::string_view values;  // What the documentation says that it can be.
};
struct Flag {
  bool& (*at)(Config&);
};
// One of a few names; the functions take its place among them.
struct Choice {
  std::span<const std::string_view> names;
  size_t (*get)(const Config&);
  void (*put)(Config&, size_t);
};
// A value with a shape of its own. `print` gives what stands behind the key and its colon: one
// line that begins with a space, or a block.
struct Composite {
  Status (*read)(const Node&, std::string_view path, Config&);
  std::string (*print)(const Config&);
  std::string_view values;  // What the documentation says that it can be.
  bool is_scalar = false;   // At least some of its values are.
};

// In the order of LogOptions::Level.
inline constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warn", "error"};

enum class Change { kLive, kRestart };
inline constexpr Change kLive = Change::kLive;
inline constexpr Change kRestart = Change::kRestart;

// One setting. Everything that knows settings goes through the table of these: reading, printing,
// variables, what needs a restart, and the tests of the documentation.
struct Key {
  std::string_view path;  // "limits.body"
  Change change;
  std::variant<Count, Size, Time, Text, Flag, Choice, Composite> kind;
  std::string_view in_rule = {};  // "retain.age": its path in an entry of `topics`, if it has one.
};

// All keys, in the order in which they are printed and applied: what another one falls back to
// comes before it.
[[nodiscard]] std::span<const Key> all_keys();
// The part of them that an entry of `topics` can have too, by their paths there.
[[nodiscard]] std::span<const Key> rule_keys();

// What an entry of `webhooks` has. They read into, and print, a Config with that one entry.
[[nodiscard]] std::span<const Key> webhook_keys();

// Reads a value into the configuration. `path` is what messages call it.
Status read_key(const Key& key, const Node& value, std::string_view path, Config& config);
// What stands behind the key and its colon, see Composite.
[[nodiscard]] std::string print_key(const Key& key, const Config& config);
// Keys and their sections as YAML: lines that begin with so many spaces.
[[nodiscard]] std::string print_keys(std::span<const Key> keys, const Config& config,
                                     size_t indent);
// What a key takes, as the messages and the documentation say it: "1KiB to 1GiB".
[[nodiscard]] std::string range_of(const Key& key);
[[nodiscard]] bool is_scalar(const Key& key);

}  // namespace ringcast::config
