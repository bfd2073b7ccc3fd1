#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringcast::config {

// Where a value was written: a place in a file, or the name of a flag or variable.
struct Where {
  std::shared_ptr<const std::string> source;
  int line = 0;  // From 1; 0 where there are no lines: flags and variables.
  int column = 0;

  // "ringcast.yaml:3:12" or "RINGCAST_LIMITS_BODY".
  [[nodiscard]] std::string text() const;
};

struct Node;
// Shared because an alias is its anchor's node; never changed once it is read.
using NodePtr = std::shared_ptr<const Node>;

// A value of a YAML document, with its place.
struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  struct Entry {
    std::string name;
    Where where;  // Of the name.
    NodePtr value;
  };

  Kind kind = Kind::kNull;
  std::string scalar;
  bool quoted = false;  // "4" is text, 4 a number.
  Where where;          // Of a missing value: its key.
  std::vector<NodePtr> items;
  std::vector<Entry> entries;
  size_t weight = 1;  // The nodes below and this one, with aliases counted each time.
};

// Reads text as one YAML document. Fails with kInvalid and the place when it is not YAML, has a
// key twice, a tag, more than one document, or unfolds its aliases to too much. An empty document
// is a kNull. `has_lines`: errors name line and column, not only the source.
Result<NodePtr> parse_yaml(std::string_view text, std::string_view source, bool has_lines);

// kInvalid: "<where>: <path>: <what>".
[[nodiscard]] Failure fail_at(const Where& where, std::string_view path, std::string_view what);

// The value that `map` has under `name`, or null.
[[nodiscard]] const Node* find_value(const Node& map, std::string_view name);

// Of the value that `map` has under `name`; without one, that of the map.
[[nodiscard]] const Where& where_of(const Node& map, std::string_view name);

// How a message shows what was found: a scalar in quotes (cut when it is long), "a list", "a map"
// or "nothing".
[[nodiscard]] std::string found(const Node& node);

}  // namespace ringcast::config
