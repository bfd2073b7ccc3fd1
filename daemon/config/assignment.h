#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/keys.h"
#include "config/node.h"

namespace ringcast::config {

// A value for a key, not yet read.
struct Assignment {
  const Key* key;  // In the table of keys, which lives for ever.
  NodePtr value;
  std::string path;  // What messages call the key: "topics[2].history.age".
};

// Takes a map apart into assignments to `keys`, appended to `out`. Fails with kInvalid at a key
// that none of them is, with the nearest one. `prefix` goes before the paths in messages; the
// names in `others` are known, but not for this function.
Status assign(const Node& map, std::span<const Key> keys, std::string_view prefix,
              std::span<const std::string_view> others, std::vector<Assignment>& out);

// Reads the values into the configuration: key by key in the order of the table, and for each key
// in the order of `assignments`, so that the last one wins and all are checked.
Status apply(std::vector<Assignment>& assignments, Config& config);

}  // namespace ringcast::config
