#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "topics/byte_set.h"
#include "topics/code_point.h"
#include "topics/uri_template.h"

namespace ringcast::topics {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// RFC 6570 section 2.1, with erratum 6937: all but controls, space, '"', "%", "<", ">", "\", "^",
// "`", "{", "|", "}" and what is no character.
constexpr std::array<Range, 14> kLiterals = {{{'!', '!'},
                                              {'#', '$'},
                                              {'&', ';'},
                                              {'=', '='},
                                              {'?', '['},
                                              {']', ']'},
                                              {'_', '_'},
                                              {'a', 'z'},
                                              {'~', '~'},
                                              {0xA0, 0xD7FF},
                                              {0xE000, 0xFDCF},
                                              {0xFDF0, 0xFFEF},
                                              {0x10000, 0xDFFFF},
                                              {0xE1000, 0x10FFFF}}};

bool is_literal(char32_t c) {
  const auto has = [c](const Range& range) { return range.first <= c && c <= range.last; };
  const bool is_noncharacter = (c & 0xFFFE) == 0xFFFE;  // The last two of each plane.
  return !is_noncharacter && std::any_of(kLiterals.begin(), kLiterals.end(), has);
}

}  // namespace

class UriTemplateParser {
 public:
  explicit UriTemplateParser(std::string_view text) : text_(text) {}

  Result<UriTemplate> parse() {
    UriTemplate result;
    result.text_ = text_;
    result.has_expressions_ = text_.find('{') != std::string_view::npos;
    while (result.has_expressions_ && at_ < text_.size()) {
      Status status =
          text_[at_] == '{' ? read_expression(result.parts_) : read_literal(result.parts_);
      if (!status) {
        return std::move(status).failure();
      }
    }
    return result;
  }

 private:
  using Part = UriTemplate::Part;

  [[nodiscard]] Failure refuse(const std::string& why) const {
    return fail(Errc::kInvalid, "URI template, byte " + std::to_string(at_) + ": " + why);
  }
  [[nodiscard]] bool is_next(std::string_view any_of) const {
    return at_ < text_.size() && any_of.find(text_[at_]) != std::string_view::npos;
  }

  Status read_literal(std::vector<Part>& parts) {
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '{') {
      if (text_[at_] == '%') {
        if (Status status = skip_triplet(); !status) {
          return status;
        }
        continue;
      }
      const CodePoint next = code_point_at(text_, at_);
      if (!is_literal(next.value)) {
        return refuse("'" + std::string(text_.substr(at_, next.bytes)) +
                      "' has to be percent-encoded");
      }
      at_ += next.bytes;
    }
    parts.push_back({.literal = std::string(text_.substr(begin, at_ - begin))});
    return Ok{};
  }

  Status skip_triplet() {
    if (at_ + 2 >= text_.size() || !kHexDigits.contains(text_[at_ + 1]) ||
        !kHexDigits.contains(text_[at_ + 2])) {
      return refuse("'%' without two hex digits");
    }
    at_ += 3;
    return Ok{};
  }

  Status read_expression(std::vector<Part>& parts) {
    ++at_;
    Part part{.is_expression = true};
    if (is_next("=,!@|")) {
      return refuse("the operator '" + std::string(1, text_[at_]) + "' is reserved");
    }
    if (is_next("+#./;?&")) {
      take_operator(part);
    }
    bool more = true;
    for (bool first = true; more; first = false) {
      if (Status status = read_variable(part, first); !status) {
        return status;
      }
      part.more_values += first ? 0 : 1;
      more = is_next(",");
      if (!more && !is_next("}")) {
        return refuse(at_ < text_.size() ? "',' or '}' must follow" : "the expression has no end");
      }
      ++at_;
    }
    part.later_take_equals = takes_names(part) || part.is_unbounded;
    parts.push_back(std::move(part));
    return Ok{};
  }

  // "?", "&" and ";" put the names of the variables before the values.
  static bool takes_names(const Part& part) {
    return part.separator == '&' || part.separator == ';';
  }

  void take_operator(Part& part) {
    const char op = text_[at_++];
    part.takes_reserved = op == '+' || op == '#';
    if (op != '+') {
      part.literal = std::string(1, op);
    }
    if (!part.takes_reserved) {
      part.separator = op == '?' ? '&' : op;
    }
    part.takes_equals = takes_names(part);
  }

  // A name and its modifier.
  Status read_variable(Part& part, bool is_first) {
    if (Status status = read_name(); !status) {
      return status;
    }
    if (is_next(":")) {
      return read_length();
    }
    if (is_next("*")) {
      ++at_;
      part.is_unbounded = true;
      part.takes_equals = part.takes_equals || is_first;
    }
    return Ok{};
  }

  // RFC 6570 section 2.3: full stops stand between other characters only.
  Status read_name() {
    constexpr ByteSet kNames = kLetters | kDigits | ByteSet::of("_");
    const size_t begin = at_;
    bool may_dot = false;
    while (at_ < text_.size()) {
      if (text_[at_] == '%') {
        if (Status status = skip_triplet(); !status) {
          return status;
        }
        may_dot = true;
        continue;
      }
      const bool is_dot = text_[at_] == '.';
      if (is_dot ? !may_dot : !kNames.contains(text_[at_])) {
        break;
      }
      may_dot = !is_dot;
      ++at_;
    }
    if (at_ == begin || !may_dot) {
      return refuse(at_ < text_.size() ? "the name of a variable is missing or malformed"
                                       : "the expression has no end");
    }
    return Ok{};
  }

  // RFC 6570 section 2.4.1: 1 to 9999.
  Status read_length() {
    const size_t begin = ++at_;
    while (at_ < text_.size() && kDigits.contains(text_[at_])) {
      ++at_;
    }
    const size_t digits = at_ - begin;
    if (digits == 0 || digits > 4 || text_[begin] == '0') {
      return refuse("a length must be from 1 to 9999");
    }
    return Ok{};
  }

  const std::string_view text_;
  size_t at_ = 0;
};

Result<UriTemplate> UriTemplate::parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return fail(Errc::kInvalid, "a URI template must have at most 4096 bytes");
  }
  if (!is_utf8(text)) {
    return fail(Errc::kInvalid, "a URI template must be valid UTF-8");
  }
  return UriTemplateParser(text).parse();
}

}  // namespace ringcast::topics
