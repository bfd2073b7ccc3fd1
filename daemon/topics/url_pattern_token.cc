#include "topics/url_pattern_token.h"

#include <algorithm>
#include <utility>

#include "topics/byte_set.h"
#include "topics/code_point.h"

namespace ringcast::topics {

namespace {

constexpr ByteSet kBeyondAscii = ByteSet::range(0x80, 0xFF);
constexpr ByteSet kNameStarts = kLetters | ByteSet::of("_$");
constexpr ByteSet kNames = kNameStarts | kDigits;

class Tokenizer {
 public:
  Tokenizer(std::string_view text, TokenizePolicy policy) : text_(text), policy_(policy) {}

  Result<std::vector<PatternToken>> tokenize() {
    while (at_ < text_.size()) {
      if (Status status = take_one(); !status) {
        return std::move(status).failure();
      }
    }
    tokens_.push_back({.type = PatternToken::Type::kEnd, .index = at_, .value = {}});
    return std::move(tokens_);
  }

 private:
  Status take_one() {
    switch (text_[at_]) {
      case '*':
        return add(PatternToken::Type::kAsterisk, 1);
      case '+':
      case '?':
        return add(PatternToken::Type::kOtherModifier, 1);
      case '{':
        return add(PatternToken::Type::kOpen, 1);
      case '}':
        return add(PatternToken::Type::kClose, 1);
      case '\\':
        return take_escaped();
      case ':':
        return take_name();
      case '(':
        return take_regexp();
      default:
        return add(PatternToken::Type::kChar, code_point_at(text_, at_).bytes);
    }
  }

  // A token of the next `bytes`; its value leaves out some at either end.
  Status add(PatternToken::Type type, size_t bytes, size_t leave_front = 0, size_t leave_back = 0) {
    tokens_.push_back({.type = type,
                       .index = at_,
                       .value = text_.substr(at_ + leave_front, bytes - leave_front - leave_back)});
    at_ += bytes;
    return Ok{};
  }

  Status refuse(std::string why) {
    if (policy_ == TokenizePolicy::kLenient) {
      return add(PatternToken::Type::kInvalidChar, 1);
    }
    return fail(Errc::kInvalid, std::move(why));
  }

  Status take_escaped() {
    if (at_ + 1 == text_.size()) {
      return refuse("a backslash at the end");
    }
    return add(PatternToken::Type::kEscapedChar, 1 + code_point_at(text_, at_ + 1).bytes, 1);
  }

  Status take_name() {
    size_t end = at_ + 1;
    while (end < text_.size() && (end == at_ + 1 ? kNameStarts : kNames).contains(text_[end])) {
      ++end;
    }
    if (end < text_.size() && kBeyondAscii.contains(text_[end])) {
      return fail(Errc::kInvalid, "':" + std::string(text_.substr(at_ + 1, end - at_ - 1)) +
                                      "' is followed by a character beyond ASCII; names of groups "
                                      "are ASCII here, write {:name} before other text");
    }
    if (end == at_ + 1) {
      return refuse("':' without a name; write '\\:' for a colon");
    }
    return add(PatternToken::Type::kName, end - at_, 1);
  }

  Status take_regexp() {
    size_t depth = 1;
    size_t end = at_ + 1;
    for (; end < text_.size() && depth > 0; ++end) {
      const char c = text_[end];
      if (kBeyondAscii.contains(c)) {
        return refuse("a regular expression must be ASCII");
      }
      if (end == at_ + 1 && c == '?') {
        return refuse("a regular expression must not begin with '?'");
      }
      if (c == '\\') {
        ++end;
        if (end == text_.size() || kBeyondAscii.contains(text_[end])) {
          return refuse("a backslash without an ASCII character in a regular expression");
        }
      } else if (c == ')') {
        --depth;
      } else if (c == '(') {
        ++depth;
        if (end + 1 == text_.size() || text_[end + 1] != '?') {
          return refuse("a group in a regular expression must be '(?:...)'");
        }
      }
    }
    if (depth > 0) {
      return refuse("'(' without ')'");
    }
    if (end == at_ + 2) {
      return refuse("an empty regular expression");
    }
    return add(PatternToken::Type::kRegexp, end - at_, 1, 1);
  }

  const std::string_view text_;
  const TokenizePolicy policy_;
  size_t at_ = 0;
  std::vector<PatternToken> tokens_;
};

}  // namespace

Result<std::vector<PatternToken>> tokenize_pattern(std::string_view text, TokenizePolicy policy) {
  return Tokenizer(text, policy).tokenize();
}

}  // namespace ringcast::topics
