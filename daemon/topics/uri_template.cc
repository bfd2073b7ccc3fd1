#include "topics/uri_template.h"

#include <utility>

#include "topics/text_walk.h"

namespace ringcast::topics {

namespace {

constexpr ByteSet kReserved = ByteSet::of("!#$&'()*+,/:;=?@[]");

bool is_triplet(std::string_view text, size_t at) {
  return at + 2 < text.size() && text[at] == '%' && kHexDigits.contains(text[at + 1]) &&
         kHexDigits.contains(text[at + 2]);
}

// A topic, and where expressions may go in it.
class Expansion {
 public:
  explicit Expansion(std::string_view topic)
      : walk_(topic), at_(walk_.start()), triplets_(walk_.nowhere()), whole_(walk_.everywhere()) {
    for (size_t i = topic.find('%'); i != std::string_view::npos; i = topic.find('%', i + 1)) {
      if (is_triplet(topic, i)) {
        mark(triplets_, i);
        unmark(whole_, i + 1);
        unmark(whole_, i + 2);
      }
    }
  }

  void pass(std::string_view literal) { walk_.pass(at_, literal); }
  [[nodiscard]] bool is_at_end() const { return walk_.is_at_end(at_); }

  struct Values {
    std::string_view first;  // What the operator puts before all of them.
    ByteSet one;
    ByteSet later;
    char separator;
    size_t more;
    bool is_unbounded;
  };

  void pass_values(const Values& values) {
    const Places without = at_;
    walk_.pass(at_, values.first);
    pass_value(at_, values.one);
    if (values.is_unbounded) {
      Places later = after_separator(values.separator);
      pass_value(later, values.later | ByteSet::of({&values.separator, 1}));
      unite(at_, later);
    } else if (!values.one.contains(values.separator)) {
      pass_more(values);
    }
    unite(at_, without);
  }

 private:
  static void mark(Places& places, size_t i) { places[i / 64] |= uint64_t{1} << (i % 64); }
  static void unmark(Places& places, size_t i) { places[i / 64] &= ~(uint64_t{1} << (i % 64)); }

  Places after_separator(char separator) {
    Places places = at_;
    walk_.pass(places, {&separator, 1});
    return places;
  }

  void pass_more(const Values& values) {
    for (size_t i = 0; i < values.more; ++i) {
      const Places before = at_;
      Places later = after_separator(values.separator);
      pass_value(later, values.later);
      unite(at_, later);
      if (at_ == before) {
        return;
      }
    }
  }

  // A triplet counts as a whole: what stood before it goes over it, and stops nowhere within. As
  // "%" is no literal of its own, nothing ever starts within.
  void pass_value(Places& places, const ByteSet& bytes) {
    walk_.pass_any(places, allowed(bytes));
    for (size_t i = 0; i < places.size(); ++i) {
      places[i] &= whole_[i];
    }
  }

  const Places& allowed(const ByteSet& bytes) {
    for (const auto& [known, places] : allowed_) {
      if (known == bytes) {
        return places;
      }
    }
    Places places = walk_.before(bytes);
    unite(places, triplets_);
    return allowed_.emplace_back(bytes, std::move(places)).second;
  }

  TextWalk walk_;
  Places at_;
  Places triplets_;                                  // Before each.
  Places whole_;                                     // All places that are not within one.
  std::vector<std::pair<ByteSet, Places>> allowed_;  // A few: so many kinds of values there are.
};

}  // namespace

size_t UriTemplate::effort() const {
  constexpr size_t kText = 5;  // To find where bytes of each kind stand.
  constexpr size_t kExpression = 5;
  constexpr size_t kValue = 2;
  size_t effort = kText;
  for (const Part& part : parts_) {
    effort += part.is_expression ? kExpression + kValue * part.more_values
                                 : text_effort(part.literal.size());
  }
  return effort;
}

bool UriTemplate::matches(std::string_view topic) const {
  if (topic == text_) {
    return true;  // Also of a template that somebody publishes to (Mercure, topic selectors).
  }
  if (!has_expressions_) {
    return false;
  }
  size_t first = 0;
  if (!parts_.front().is_expression) {  // Most topics end here, without any work.
    if (!topic.starts_with(parts_.front().literal)) {
      return false;
    }
    topic.remove_prefix(parts_.front().literal.size());
    first = 1;
  }
  Expansion expansion(topic);
  for (size_t i = first; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (!part.is_expression) {
      expansion.pass(part.literal);
      continue;
    }
    ByteSet one = kUnreserved | ByteSet::of(",");
    if (part.takes_reserved) {
      one = one | kReserved;
    }
    const ByteSet equals = ByteSet::of("=");
    expansion.pass_values({.first = part.literal,
                           .one = part.takes_equals ? one | equals : one,
                           .later = part.later_take_equals ? one | equals : one,
                           .separator = part.separator,
                           .more = part.more_values,
                           .is_unbounded = part.is_unbounded});
  }
  return expansion.is_at_end();
}

}  // namespace ringcast::topics
