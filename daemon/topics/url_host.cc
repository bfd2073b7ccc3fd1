#include "topics/url_host.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "base/text.h"
#include "topics/url_encoding.h"

namespace ringcast::topics {

namespace {

constexpr ByteSet kForbidden = ByteSet::of(std::string_view("\0\t\n\r #/:<>?@[\\]^|", 17));
constexpr ByteSet kForbiddenInDomain =
    kForbidden | ByteSet::range(0, 0x1F) | ByteSet::range(0x7F, 0xFF) | ByteSet::of("%");

bool has_any(std::string_view text, const ByteSet& set) {
  return std::any_of(text.begin(), text.end(), [&](char c) { return set.contains(c); });
}

// A number of an IPv4 address: decimal, with a leading 0 octal, with 0x hexadecimal.
std::optional<uint64_t> parse_number(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  } else if (text.size() > 1 && text.front() == '0') {
    text.remove_prefix(1);
    base = 8;
  }
  if (text.empty()) {
    return 0;
  }
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (end != text.data() + text.size()) {
    return std::nullopt;
  }
  return error == std::errc() ? value : UINT64_MAX;
}

std::vector<std::string_view> labels_of(std::string_view host) {
  std::vector<std::string_view> labels;
  for (;;) {
    const size_t dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) {
      break;
    }
    host.remove_prefix(dot + 1);
  }
  if (labels.size() > 1 && labels.back().empty()) {
    labels.pop_back();  // Of a full stop at the end.
  }
  return labels;
}

bool ends_in_number(std::string_view host) {
  const std::string_view last = labels_of(host).back();
  const bool is_digits = !last.empty() && !has_any(last, ~kDigits);
  return is_digits || parse_number(last).has_value();
}

std::optional<std::string> parse_ipv4(std::string_view host) {
  const std::vector<std::string_view> labels = labels_of(host);
  if (labels.size() > 4) {
    return std::nullopt;
  }
  uint64_t address = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool is_last = i + 1 == labels.size();
    const auto number = parse_number(labels[i]);
    const uint64_t limit = is_last ? uint64_t{1} << (8 * (5 - labels.size())) : 256;
    if (!number || *number >= limit) {
      return std::nullopt;
    }
    address += is_last ? *number : *number << (8 * (3 - i));
  }
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += std::to_string((address >> shift) & 0xFFU);
    out += shift > 0 ? "." : "";
  }
  return out;
}

using Pieces = std::array<uint16_t, 8>;

std::optional<uint16_t> parse_piece(std::string_view text) {
  uint16_t value = 0;
  if (text.empty() || text.size() > 4 || has_any(text, ~kHexDigits)) {
    return std::nullopt;
  }
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

// The four decimal numbers that may end an IPv6 address.
std::optional<uint32_t> parse_dotted(std::string_view text) {
  uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    const size_t end = i < 3 ? text.find('.') : text.size();
    const std::string_view number = text.substr(0, end);
    const bool is_canonical = number == "0" || (!number.empty() && number.front() != '0');
    const auto value = number.size() <= 3 ? parse_uint(number) : std::nullopt;
    if (end == std::string_view::npos || !is_canonical || !value || *value > 255) {
      return std::nullopt;
    }
    address = address << 8 | static_cast<uint32_t>(*value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return address;
}

// Pieces separated by colons, at most `room`; nothing for none.
std::optional<std::vector<uint16_t>> parse_pieces(std::string_view text, size_t room) {
  std::vector<uint16_t> pieces;
  while (!text.empty()) {
    const size_t colon = text.find(':');
    const std::string_view piece = text.substr(0, colon);
    if (colon == std::string_view::npos && piece.find('.') != std::string_view::npos) {
      const auto dotted = parse_dotted(piece);
      if (!dotted) {
        return std::nullopt;
      }
      pieces.push_back(static_cast<uint16_t>(*dotted >> 16));
      pieces.push_back(static_cast<uint16_t>(*dotted));
      break;
    }
    const auto value = parse_piece(piece);
    if (!value || colon + 1 == text.size()) {
      return std::nullopt;
    }
    pieces.push_back(*value);
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  if (pieces.size() > room) {
    return std::nullopt;
  }
  return pieces;
}

std::optional<Pieces> parse_ipv6(std::string_view text) {
  Pieces address{};
  const size_t gap = text.find("::");
  const auto head = parse_pieces(text.substr(0, gap), 8);
  if (!head || (gap == std::string_view::npos && head->size() != 8)) {
    return std::nullopt;
  }
  std::copy(head->begin(), head->end(), address.begin());
  if (gap != std::string_view::npos) {
    const bool has_dotted_head = text.substr(0, gap).find('.') != std::string_view::npos;
    const auto tail = parse_pieces(text.substr(gap + 2), 8);
    if (has_dotted_head || !tail || head->size() + tail->size() > 7) {
      return std::nullopt;
    }
    std::copy_backward(tail->begin(), tail->end(), address.end());
  }
  return address;
}

// RFC 5952: the first of the longest runs of zeros becomes "::", when it is longer than one piece.
std::string format_ipv6(const Pieces& address) {
  size_t gap = 8;
  size_t gap_size = 1;
  for (size_t i = 0; i < 8; ++i) {
    size_t size = 0;
    while (i + size < 8 && address[i + size] == 0) {
      ++size;
    }
    if (size > gap_size) {
      gap = i;
      gap_size = size;
    }
  }
  std::string out = "[";
  for (size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      out += i == 0 ? "::" : ":";
      i += gap_size - 1;
      continue;
    }
    std::array<char, 4> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + 4, address[i], 16).ptr;
    out.append(digits.data(), end);
    out += i < 7 ? ":" : "";
  }
  return out + "]";
}

std::optional<std::string> parse_bracketed(std::string_view text) {
  if (!text.ends_with(']')) {
    return std::nullopt;
  }
  const auto address = parse_ipv6(text.substr(1, text.size() - 2));
  return address ? std::optional(format_ipv6(*address)) : std::nullopt;
}

}  // namespace

std::optional<std::string> parse_special_host(std::string_view text) {
  if (text.starts_with('[')) {
    return parse_bracketed(text);
  }
  const std::string domain = to_lower(percent_decode_leniently(text));
  if (domain.empty() || has_any(domain, kForbiddenInDomain)) {
    return std::nullopt;
  }
  return ends_in_number(domain) ? parse_ipv4(domain) : domain;
}

std::optional<std::string> parse_opaque_host(std::string_view text) {
  if (text.starts_with('[')) {
    return parse_bracketed(text);
  }
  if (has_any(text, kForbidden)) {
    return std::nullopt;
  }
  return percent_encode(text, kControlEscapes);
}

}  // namespace ringcast::topics
