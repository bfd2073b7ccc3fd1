#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::json {

// Appends `text` as a JSON string with its quotes (RFC 8259 section 7). `text` is valid UTF-8.
void append_string(std::string& out, std::string_view text);
[[nodiscard]] std::string quoted(std::string_view text);

// A value inside a document that is being read. Valid only inside the callback that it is given
// to, and every value can be read once.
class Value {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  [[nodiscard]] Kind kind() const;
  // The text of a string, unescaped, until Reader::read() returns. kInvalid when this is no string.
  Result<std::string_view> string();
  Result<bool> boolean();
  // A whole number from 0 to 2^63-1.
  Result<uint64_t> whole_number();
  // Appends the value as JSON without white space. Numbers and strings keep their text; the
  // whole value is checked against the grammar.
  Status append_minified(std::string& out);
  // Calls `visit` for each field or element in order and stops at the first failure.
  Status each_field(const std::function<Status(std::string_view name, Value& value)>& visit);
  Status each_element(const std::function<Status(Value& value)>& visit);

 private:
  friend class Reader;
  struct Impl;
  explicit Value(Impl* impl) : impl_(impl) {}
  Impl* impl_;  // Lives in the Reader's frame for as long as the callback runs.
};

// Reads JSON documents; keeps its buffers from one to the next. One thread at a time.
class Reader {
 public:
  Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  // Reads `text` (one document, at most 1,024 levels deep) and gives its root to `visit`. Fails
  // with kInvalid when it is not JSON or not UTF-8, or when anything but white space follows.
  Status read(std::string_view text, const std::function<Status(Value& root)>& visit);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ringcast::json
