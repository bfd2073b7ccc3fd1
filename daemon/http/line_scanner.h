#pragma once

#include <cstddef>
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
    const bool is_control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    return is_control ? "a control character" : "";
  }

  // True when the last byte was the LF of a line.
  [[nodiscard]] bool at_line_end() const { return after_line_; }
  // True when that line had nothing in it.
  [[nodiscard]] bool line_is_empty() const { return length_ == 0; }

 private:
  size_t length_ = 0;
  bool after_cr_ = false;
  bool after_line_ = false;
};

}  // namespace ringcast::http
