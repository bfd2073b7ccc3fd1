#include "base/json_grammar.h"

#include <bitset>
#include <cassert>
#include <cstdint>
#include <cstring>

namespace ringcast::json {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether one of the eight bytes of `word` ends a plain run inside a string: a quote, a backslash
// or a control character. (x - 0x01..) & ~x has the high bit of each byte that is 0, and only
// false alarms above such a byte.
bool has_special(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  const uint64_t found = ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) |
                         ((word - kOnes * 0x20) & ~word);
  return (found & (kOnes * 0x80)) != 0;
}

// Iterative, so that the depth of the input costs a bit and no stack.
class Checker {
 public:
  explicit Checker(std::string_view text)
      : begin_(text.data()), end_(begin_ + text.size()), at_(begin_) {}

  std::optional<GrammarError> run() {
    while (value() && !is_done_) {
    }
    if (problem_.empty()) {
      return std::nullopt;
    }
    return GrammarError{.what = problem_, .offset = static_cast<size_t>(at_ - begin_)};
  }

 private:
  bool refuse(std::string_view what) {
    problem_ = at_ == end_ ? "the text ends too early" : what;
    return false;
  }

  void skip_space() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') {
      ++at_;
    }
  }

  // One scalar or the opening of a container; then everything up to the next value.
  bool value() {
    skip_space();
    const char c = *at_;
    if (c == '{' || c == '[') {
      return open(c == '{');
    }
    return scalar() && after_value();
  }

  bool open(bool is_object) {
    if (depth_ == kMaxDepth) {
      return refuse("nested too deeply");
    }
    is_object_[depth_++] = is_object;
    ++at_;
    skip_space();
    if (*at_ == (is_object ? '}' : ']')) {
      return after_value();
    }
    return !is_object || key();
  }

  // Closes containers until another value has to follow or the text is at its end.
  bool after_value() {
    while (true) {
      skip_space();
      if (depth_ == 0) {
        is_done_ = true;
        return at_ == end_ || refuse("something follows the value");
      }
      const bool is_object = is_object_[depth_ - 1];
      if (*at_ == ',') {
        ++at_;
        return !is_object || key();
      }
      if (*at_ != (is_object ? '}' : ']')) {
        return refuse(is_object ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      ++at_;
      --depth_;
    }
  }

  bool key() {
    skip_space();
    if (*at_ != '"') {
      return refuse("expected a field name in double quotes");
    }
    if (!string()) {
      return false;
    }
    skip_space();
    if (*at_ != ':') {
      return refuse("expected ':'");
    }
    ++at_;
    return true;
  }

  bool scalar() {
    switch (*at_) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(expected)) {
      return refuse("expected a value");
    }
    at_ += expected.size();
    return true;
  }

  bool digits() {
    if (!is_digit(*at_)) {
      return refuse("expected a digit");
    }
    while (is_digit(*at_)) {
      ++at_;
    }
    return true;
  }

  bool number() {
    if (*at_ != '-' && !is_digit(*at_)) {
      return refuse("expected a value");
    }
    at_ += *at_ == '-' ? 1 : 0;
    if (*at_ == '0') {
      ++at_;
      if (is_digit(*at_)) {
        return refuse("a number starts with 0");
      }
    } else if (!digits()) {
      return false;
    }
    if (*at_ == '.') {
      ++at_;
      if (!digits()) {
        return false;
      }
    }
    return exponent();
  }

  bool exponent() {
    if (*at_ != 'e' && *at_ != 'E') {
      return true;
    }
    ++at_;
    at_ += *at_ == '+' || *at_ == '-' ? 1 : 0;
    return digits();
  }

  bool string() {
    ++at_;
    while (true) {
      skip_plain_run();
      const char c = *at_;
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) {
          return false;
        }
      } else if (static_cast<unsigned char>(c) < 0x20) {
        return refuse("a control character in a string");
      } else {
        ++at_;
      }
    }
  }

  void skip_plain_run() {
    uint64_t bytes = 0;
    while (end_ - at_ >= static_cast<ptrdiff_t>(sizeof bytes)) {
      std::memcpy(&bytes, at_, sizeof bytes);
      if (has_special(bytes)) {
        return;
      }
      at_ += sizeof bytes;
    }
  }

  bool escape() {
    ++at_;
    if (*at_ == 'u') {
      ++at_;
      return unicode_escape();
    }
    if (*at_ == 0 || std::strchr("\"\\/bfnrt", *at_) == nullptr) {
      return refuse("an unknown escape in a string");
    }
    ++at_;
    return true;
  }

  bool unicode_escape() {
    uint32_t unit = 0;
    if (!hex4(unit)) {
      return false;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
      return true;
    }
    if (unit > 0xDBFF || at_[0] != '\\' || at_[1] != 'u') {
      return refuse("half of a surrogate pair in a string");
    }
    at_ += 2;
    if (!hex4(unit)) {
      return false;
    }
    return (unit >= 0xDC00 && unit <= 0xDFFF) || refuse("half of a surrogate pair in a string");
  }

  bool hex4(uint32_t& unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = *at_;
      const char letter = static_cast<char>(c | 0x20);
      if (is_digit(c)) {
        unit = unit * 16 + static_cast<uint32_t>(c - '0');
      } else if (letter >= 'a' && letter <= 'f') {
        unit = unit * 16 + static_cast<uint32_t>(letter - 'a' + 10);
      } else {
        return refuse("expected four hexadecimal digits after \\u");
      }
      ++at_;
    }
    return true;
  }

  const char* begin_;
  const char* end_;
  const char* at_;
  std::string_view problem_;
  std::bitset<kMaxDepth> is_object_;  // One bit for each open container, outermost first.
  size_t depth_ = 0;
  bool is_done_ = false;
};

}  // namespace

std::optional<GrammarError> find_grammar_error(std::string_view text) {
  assert(text.data()[text.size()] == '\0');
  return Checker(text).run();
}

}  // namespace ringcast::json
