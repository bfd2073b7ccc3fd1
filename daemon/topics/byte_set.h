#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringcast::topics {

// A set of bytes.
class ByteSet {
 public:
  constexpr ByteSet() = default;
  // The bytes of `text`.
  static constexpr ByteSet of(std::string_view text) {
    ByteSet set;
    for (const char c : text) {
      set.add(static_cast<unsigned char>(c));
    }
    return set;
  }
  // From `first` to `last`, both included.
  static constexpr ByteSet range(unsigned char first, unsigned char last) {
    ByteSet set;
    for (unsigned byte = first; byte <= last; ++byte) {
      set.add(static_cast<unsigned char>(byte));
    }
    return set;
  }

  constexpr void add(unsigned char byte) { words_[byte / 64] |= uint64_t{1} << (byte % 64); }
  [[nodiscard]] constexpr bool contains(char c) const {
    const auto byte = static_cast<unsigned char>(c);
    return ((words_[byte / 64] >> (byte % 64)) & 1U) != 0;
  }
  [[nodiscard]] constexpr size_t size() const {
    size_t bytes = 0;
    for (const uint64_t word : words_) {
      bytes += static_cast<size_t>(std::popcount(word));
    }
    return bytes;
  }
  friend constexpr ByteSet operator|(ByteSet a, const ByteSet& b) {
    for (size_t i = 0; i < a.words_.size(); ++i) {
      a.words_[i] |= b.words_[i];
    }
    return a;
  }
  // All other bytes.
  friend constexpr ByteSet operator~(ByteSet set) {
    for (uint64_t& word : set.words_) {
      word = ~word;
    }
    return set;
  }
  constexpr bool operator==(const ByteSet&) const = default;

 private:
  std::array<uint64_t, 4> words_{};
};

inline constexpr ByteSet kDigits = ByteSet::range('0', '9');
inline constexpr ByteSet kLetters = ByteSet::range('a', 'z') | ByteSet::range('A', 'Z');
inline constexpr ByteSet kHexDigits = kDigits | ByteSet::of("abcdefABCDEF");
// RFC 3986 section 2.3.
inline constexpr ByteSet kUnreserved = kLetters | kDigits | ByteSet::of("-._~");

}  // namespace ringcast::topics
