#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/options.h"

namespace ringcast::cli {

// Turns a line or a file into what the broker takes (docs: "Publish" and "Publish many").
class EventEncoder {
 public:
  // `options` outlives this; topic and event are UTF-8.
  explicit EventEncoder(const PublishOptions& options);

  // Appends one line of NDJSON. kInvalid (nothing appended) when `text` is not UTF-8 or, with
  // --json, not JSON.
  Status append_line(std::string& out, std::string_view text, std::string_view key);
  // The body for one topic: with --json a string's text and other values minified, which is what
  // a JSON publish makes of them.
  Result<std::string> body(std::string_view text);

 private:
  const PublishOptions& options_;
  std::string head_;  // Up to the key, the same for every line.
  json::Reader reader_;
};

}  // namespace ringcast::cli
