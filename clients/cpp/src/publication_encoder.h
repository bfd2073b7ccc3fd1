#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "ringcast/publish.h"

namespace ringcast::client {

// Turns publications into what the broker takes (docs/http-api.md: "Publish", "Publish many").
class PublicationEncoder {
 public:
  // Appends one object for POST /events. kInvalid (nothing appended) when `publication` cannot be
  // published. `key` is used where it has none.
  [[nodiscard]] Error append_object(std::string& out, const Publication& publication,
                                    std::string_view key);
  // The body of POST /topics/…: the data as it is; of JSON a string's text and other values
  // minified, which is what an object's `data` makes of them.
  Result<std::string> body(const Publication& publication);

 private:
  json::Reader reader_;
};

// POST /topics/… or, for what only POST /events can say, that; with `key` where it has none.
struct EncodedPublication {
  std::string path;  // With its query.
  std::string content_type;
  std::optional<std::string> key;  // For the header; the body has it, else.
  std::string body;
};
Result<EncodedPublication> encode(const Publication& publication, std::string_view key);

}  // namespace ringcast::client
