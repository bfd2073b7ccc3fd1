#include "core/payload.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace ringcast::bench {

namespace {

constexpr std::string_view kMarker = "rcb1";
constexpr size_t kUsual = 6;  // After "data: ".

template <typename T>
bool read_hex(std::string_view text, size_t from, size_t size, T& value) {
  const char* end = text.data() + from + size;
  const auto [stop, error] = std::from_chars(text.data() + from, end, value, 16);
  return error == std::errc() && stop == end;
}

}  // namespace

void append_payload(std::string& out, const Payload& payload, size_t size) {
  std::array<char, kLeastPayload + 1> text{};
  std::snprintf(text.data(), text.size(), "rcb1%04x%08x%016llx", payload.publisher & 0xffffU,
                payload.seq, static_cast<unsigned long long>(payload.time_ns));
  out.append(text.data(), kLeastPayload);
  out.append(size > kLeastPayload ? size - kLeastPayload : 0, 'x');
}

std::optional<Payload> find_payload(std::string_view line) {
  size_t at = kUsual;
  if (line.size() < kUsual + kLeastPayload || line.substr(kUsual, kMarker.size()) != kMarker) {
    at = line.find(kMarker);
  }
  if (at == std::string_view::npos || line.size() - at < kLeastPayload) {
    return std::nullopt;
  }
  Payload payload;
  if (!read_hex(line, at + 4, 4, payload.publisher) || !read_hex(line, at + 8, 8, payload.seq) ||
      !read_hex(line, at + 16, 16, payload.time_ns)) {
    return std::nullopt;
  }
  return payload;
}

}  // namespace ringcast::bench
