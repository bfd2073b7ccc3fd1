#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/target.h"

namespace {

std::string encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
  return out;
}

}  // namespace

// A target that was taken apart and put together again is the same target.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ringcast::http::parse_target;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = parse_target(text);
  if (!target) {
    return 0;
  }
  if (!ringcast::http::percent_decode(target->path)) {
    std::abort();
  }
  std::string rebuilt = target->path;
  char separator = '?';
  for (const auto& [name, value] : target->query) {
    rebuilt += separator;
    rebuilt.append(encode(name)).append("=").append(encode(value));
    separator = '&';
  }
  const auto again = parse_target(rebuilt);
  if (!again || again->path != target->path || again->query != target->query) {
    std::abort();
  }
  return 0;
}
