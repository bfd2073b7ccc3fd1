#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/text.h"

namespace {

using ringcast::Ok;
using ringcast::Status;
using ringcast::json::Reader;
using ringcast::json::Value;

// Walks a document by the typed functions, some values read, some minified, some left alone, and
// writes what it saw as JSON. Two texts of the same meaning give the same.
Status render(Value& value, std::string& out, unsigned depth) {
  using enum Value::Kind;
  const Value::Kind kind = value.kind();
  if (depth > 20 || kind == kNull || kind == kBool || kind == kNumber) {
    return value.append_minified(out);
  }
  if (kind == kString) {
    const auto text = value.string();
    if (!text || !ringcast::is_utf8(*text)) {
      std::abort();
    }
    ringcast::json::append_string(out, *text);
    return Ok{};
  }
  if (kind == kArray) {
    out += '[';
    Status status = value.each_element([&](Value& element) {
      out += ',';
      return render(element, out, depth + 1);
    });
    out += ']';
    return status;
  }
  out += '{';
  Status status = value.each_field([&](std::string_view name, Value& field) -> Status {
    ringcast::json::append_string(out, name);
    out += ':';
    if (name == "skip") {
      return Ok{};
    }
    return render(field, out, depth + 1);
  });
  out += '}';
  return status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Reader reader;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  std::string minified;
  const bool is_json =
      reader.read(text, [&](Value& root) { return root.append_minified(minified); }).has_value();
  std::string rendered;
  const Status status = reader.read(text, [&](Value& root) { return render(root, rendered, 0); });
  if (status.has_value() != is_json) {
    std::abort();
  }
  if (!is_json) {
    return 0;
  }
  // What was minified is JSON, is minimal, and means the same.
  std::string again;
  std::string rendered_again;
  if (!reader.read(minified, [&](Value& root) { return root.append_minified(again); }) ||
      !reader.read(minified, [&](Value& root) { return render(root, rendered_again, 0); }) ||
      again != minified || rendered_again != rendered) {
    std::abort();
  }
  return 0;
}
