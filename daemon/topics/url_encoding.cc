#include "topics/url_encoding.h"

#include <charconv>

namespace ringcast::topics {

std::string percent_encode(std::string_view text, const ByteSet& escapes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!escapes.contains(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xFU];
  }
  return out;
}

std::string percent_decode_leniently(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           kHexDigits.contains(text[i + 1]) && kHexDigits.contains(text[i + 2]);
    if (!is_escape) {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

}  // namespace ringcast::topics
