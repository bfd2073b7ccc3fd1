#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringcast::http {

// Looks at the lines of a head, of chunk framing and of trailers byte by byte, before llhttp sees
// them. Where one server takes a bare LF or a folded line for the end of something and another
// does not, a request can be smuggled past the one in front (RFC 9112 sections 2.2, 5.2, 11.2);
// how lax llhttp is there differs from version to version.
class LineScanner {
 public:
  // What is wrong with the next byte, or nothing.
  [[nodiscard]] std::string_view next(char c) {
    if (after_line_) {
      *this = LineScanner();
    }
    if (after_cr_) {
      after_line_ = c == '\n';
      return after_line_ ? "" : "a CR without LF";
    }
    if (c == '\r') {
      after_cr_ = true;
      return "";
    }
    if (c == '\n') {
      return "a LF without CR";
    }
    if (length_ == 0 && (c == ' ' || c == '\t')) {
      return "a line that starts with white space";
    }
    ++length_;
    return is_control(c) && c != '\t' ? "a control character" : "";
  }

  // Reads on within a line and returns how many bytes that was: those before the first that next()
  // has to look at.
  size_t skip_plain(std::string_view text) {
    if (length_ == 0 || after_cr_) {
      return 0;
    }
    size_t skipped = 0;
    for (uint64_t word = 0; text.size() - skipped >= sizeof word; skipped += sizeof word) {
      std::memcpy(&word, text.data() + skipped, sizeof word);
      if (has_control(word)) {
        break;
      }
    }
    while (skipped < text.size() && !is_control(text[skipped])) {
      ++skipped;
    }
    length_ += skipped;
    return skipped;
  }

  // True when the last byte was the LF of a line.
  [[nodiscard]] bool at_line_end() const { return after_line_; }
  // True when that line had nothing in it.
  [[nodiscard]] bool line_is_empty() const { return length_ == 0; }
  // How long this line is so far, without its line end.
  [[nodiscard]] size_t length() const { return length_; }

 private:
  static bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

  // The same of any of eight bytes. (x - 0x01..) & ~x has the high bit of
  // each byte that is 0, and only false alarms above such a byte.
  static bool has_control(uint64_t word) {
    constexpr uint64_t kOnes = 0x0101010101010101;
    const uint64_t del = word ^ (kOnes * 0x7F);
    const uint64_t found = ((word - kOnes * 0x20) & ~word) | ((del - kOnes) & ~del);
    return (found & (kOnes * 0x80)) != 0;
  }

  size_t length_ = 0;
  bool after_cr_ = false;
  bool after_line_ = false;
};

}  // namespace ringcast::http
