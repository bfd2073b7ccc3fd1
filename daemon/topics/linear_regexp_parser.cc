#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "topics/linear_regexp.h"

namespace ringcast::topics {

namespace {

constexpr ByteSet kWord = kLetters | kDigits | ByteSet::of("_");
constexpr ByteSet kSpace = ByteSet::of("\t\n\v\f\r ");
constexpr ByteSet kSyntax = ByteSet::of("^$\\.*+?()[]{}|");
constexpr size_t kMaxDepth = 16;

// The class that "\d" and its like stand for.
std::optional<ByteSet> class_named(char c) {
  switch (c) {
    case 'd':
      return kDigits;
    case 'D':
      return ~kDigits;
    case 'w':
      return kWord;
    case 'W':
      return ~kWord;
    case 's':
      return kSpace;
    case 'S':
      return ~kSpace;
    default:
      return std::nullopt;
  }
}

}  // namespace

class LinearRegexpParser {
 public:
  LinearRegexpParser(std::string_view text, size_t& room) : text_(text), room_(room) {}

  Result<LinearRegexp> parse() {
    LinearRegexp regexp;
    if (Status status = read_alternatives(regexp, 0); !status) {
      return std::move(status).failure();
    }
    if (at_ < text_.size()) {
      return refuse("')' without '('");
    }
    return regexp;
  }

 private:
  using Step = LinearRegexp::Step;

  [[nodiscard]] Failure refuse(const std::string& why) const {
    return fail(Errc::kInvalid, "the regular expression (" + std::string(text_) + "): " + why);
  }
  [[nodiscard]] bool is_next(std::string_view any_of) const {
    return at_ < text_.size() && any_of.find(text_[at_]) != std::string_view::npos;
  }
  bool take(std::string_view token) {
    const bool is_there = text_.substr(at_).starts_with(token);
    at_ += is_there ? token.size() : 0;
    return is_there;
  }

  Status read_alternatives(LinearRegexp& out, size_t depth) {
    if (depth > kMaxDepth) {
      return refuse("more than 16 groups within each other");
    }
    do {
      auto& steps = out.alternatives_.emplace_back();
      while (at_ < text_.size() && !is_next("|)")) {
        if (Status status = read_step(steps.emplace_back(), depth); !status) {
          return status;
        }
      }
    } while (take("|"));
    return Ok{};
  }

  Status read_step(Step& step, size_t depth) {
    Status status = is_next("(") ? read_group(step, depth) : read_set(step.set);
    if (status) {
      status = read_count(step);
    }
    if (!status) {
      return status;
    }
    const size_t cost = std::max<size_t>(step.at_most, 1);
    if (cost > room_) {
      return refuse("too many steps: all counts of a URL pattern together may be 4096 at most");
    }
    room_ -= cost;
    return Ok{};
  }

  Status read_group(Step& step, size_t depth) {
    if (!take("(?:")) {
      return refuse("only groups '(?:...)' are supported");
    }
    if (Status status = read_alternatives(step.group.emplace_back(), depth + 1); !status) {
      return status;
    }
    return take(")") ? Status(Ok{}) : refuse("'(' without ')'");
  }

  Status read_count(Step& step) {
    if (is_next("*+")) {
      step.at_least = take("+") ? 1 : (take("*"), 0);
      step.at_most = step.at_least;
      step.has_end = false;
    } else if (take("?")) {
      step.at_least = 0;
    } else if (is_next("{")) {
      if (Status status = read_braces(step); !status) {
        return status;
      }
    } else {
      return Ok{};
    }
    take("?");  // Not greedy, which makes no difference to what matches.
    const bool is_optional = step.has_end && step.at_most == 1;
    if (!step.group.empty() && !is_optional) {
      return refuse("a group must not be repeated");
    }
    return Ok{};
  }

  Status read_braces(Step& step) {
    const size_t end = std::min(text_.find('}', at_), text_.size());
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    const size_t comma = std::min(inside.find(','), inside.size());
    const std::string_view upper = inside.substr(std::min(comma + 1, inside.size()));
    const auto least = parse_uint(inside.substr(0, comma));
    const auto most = comma == inside.size() || upper.empty() ? least : parse_uint(upper);
    if (end == text_.size() || !least || !most || *most < *least) {
      return refuse("a count must be {n}, {n,} or {n,m}");
    }
    step.at_least = *least;
    step.at_most = *most;
    step.has_end = comma == inside.size() || !upper.empty();
    at_ = end + 1;
    return Ok{};
  }

  Status read_set(ByteSet& set) {
    if (take("[")) {
      return read_class(set);
    }
    if (take("\\")) {
      return read_escape(set, kSyntax | ByteSet::of("/"));
    }
    if (take(".")) {
      set = ~ByteSet::of("\n\r");
      return Ok{};
    }
    if (kSyntax.contains(text_[at_])) {
      return refuse("'" + std::string(1, text_[at_]) + "' is not supported here");
    }
    set.add(static_cast<unsigned char>(text_[at_++]));
    return Ok{};
  }

  // What follows a backslash: a class, or a character of `escapable`.
  Status read_escape(ByteSet& set, const ByteSet& escapable) {
    if (at_ == text_.size()) {
      return refuse("a backslash at the end");
    }
    const char c = text_[at_++];
    const auto named = class_named(c);
    if (!named && !escapable.contains(c)) {
      return refuse("'\\" + std::string(1, c) + "' is not supported");
    }
    set = set | (named ? *named : ByteSet::of({&c, 1}));
    return Ok{};
  }

  Status read_class(ByteSet& set) {
    const bool is_negated = take("^");
    while (!take("]")) {
      if (Status status = read_range(set); !status) {
        return status;
      }
    }
    if (is_negated) {
      set = ~set;
    }
    return Ok{};
  }

  // A character of a class, a range, or an escaped class.
  Status read_range(ByteSet& set) {
    ByteSet first;
    const char from = end_of_range();
    if (Status status = read_member(first); !status) {
      return status;
    }
    if (!is_next("-") || text_.substr(at_ + 1).starts_with(']')) {
      set = set | first;
      return Ok{};
    }
    ++at_;
    ByteSet last;
    const char to = end_of_range();
    if (Status status = read_member(last); !status) {
      return status;
    }
    const bool is_range = first == ByteSet::of({&from, 1}) && last == ByteSet::of({&to, 1});
    if (!is_range || from > to) {
      return refuse("a range in '[...]' must be from one character to a later one");
    }
    set = set | ByteSet::range(static_cast<unsigned char>(from), static_cast<unsigned char>(to));
    return Ok{};
  }

  // The next character, behind its backslash if it has one.
  [[nodiscard]] char end_of_range() const {
    const size_t place = at_ + (is_next("\\") ? 1 : 0);
    return place < text_.size() ? text_[place] : '\0';
  }

  Status read_member(ByteSet& set) {
    // With the flag "v" these must be escaped, and doubled ones are operators.
    constexpr std::string_view kMustEscape = "()[{}/-|";
    constexpr std::string_view kNotDoubled = "&!#$%*+,.:;<=>?@^`~";
    if (at_ == text_.size()) {
      return refuse("'[' without ']'");
    }
    if (take("\\")) {
      return read_escape(set, kSyntax | ByteSet::of("/-&!#%,:;<=>@`~"));
    }
    const char c = text_[at_];
    const bool is_doubled = kNotDoubled.find(c) != std::string_view::npos &&
                            at_ + 1 < text_.size() && text_[at_ + 1] == c;
    if (kMustEscape.find(c) != std::string_view::npos || is_doubled) {
      return refuse("'" + std::string(1, c) + "' must be escaped in '[...]'");
    }
    set.add(static_cast<unsigned char>(c));
    ++at_;
    return Ok{};
  }

  const std::string_view text_;
  size_t& room_;
  size_t at_ = 0;
};

Result<LinearRegexp> LinearRegexp::parse(std::string_view text, size_t& room) {
  return LinearRegexpParser(text, room).parse();
}

}  // namespace ringcast::topics
