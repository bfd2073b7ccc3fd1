#include "topics/url_pattern_component.h"

#include <utility>

namespace ringcast::topics {

namespace {

bool has(const Places& places, size_t i) {
  return ((places[i / 64] >> (i % 64)) & 1U) != 0;
}

void add(Places& places, size_t i) {
  places[i / 64] |= uint64_t{1} << (i % 64);
}

bool is_fixed(const PatternPart& part) {
  return part.type == PatternPart::Type::kFixedText &&
         part.modifier == PatternPart::Modifier::kNone;
}

}  // namespace

UrlPatternComponent::UrlPatternComponent(std::vector<PatternPart> parts, char delimiter)
    : parts_(std::move(parts)), in_segment_(~ByteSet()) {
  if (delimiter != '\0') {
    in_segment_ = ~ByteSet::of({&delimiter, 1});
  }
  takes_all_ = parts_.size() == 1 && parts_.front().type == PatternPart::Type::kFullWildcard &&
               parts_.front().prefix.empty() && parts_.front().suffix.empty();
}

Result<UrlPatternComponent> UrlPatternComponent::compile(std::string_view pattern, UrlPart part,
                                                         size_t& room) {
  auto parts = parse_pattern_parts(pattern, part, room);
  if (!parts) {
    Failure failure = std::move(parts).failure();
    failure.error.detail = std::string(name_of(part)) + ": " + failure.error.detail;
    return failure;
  }
  return UrlPatternComponent(*std::move(parts), delimiter_of(part));
}

bool UrlPatternComponent::matches(std::string_view text) const {
  if (takes_all_) {
    return true;
  }
  size_t first = 0;
  while (first < parts_.size() && is_fixed(parts_[first])) {  // Most URLs end here, without work.
    if (!text.starts_with(parts_[first].prefix)) {
      return false;
    }
    text.remove_prefix(parts_[first].prefix.size());
    ++first;
  }
  if (first == parts_.size()) {
    return text.empty();
  }
  TextWalk walk(text);
  Places places = walk.start();
  for (size_t i = first; i < parts_.size(); ++i) {
    pass(parts_[i], walk, places);
  }
  return walk.is_at_end(places);
}

size_t UrlPatternComponent::effort() const {
  constexpr size_t kRepeated = 35;  // It is passed byte by byte.
  size_t effort = 0;
  for (const PatternPart& part : parts_) {
    const bool is_repeated = part.modifier == PatternPart::Modifier::kZeroOrMore ||
                             part.modifier == PatternPart::Modifier::kOneOrMore;
    effort += text_effort(part.prefix.size() + part.suffix.size()) +
              (is_fixed(part) ? 0 : kPartEffort) + (is_repeated ? kRepeated : 0) +
              (part.regexp ? part.regexp->effort() : 0);
  }
  return effort;
}

void UrlPatternComponent::pass(const PatternPart& part, TextWalk& walk, Places& places) const {
  const Places without = places;
  const bool is_repeated = part.modifier == PatternPart::Modifier::kZeroOrMore ||
                           part.modifier == PatternPart::Modifier::kOneOrMore;
  if (is_repeated) {
    pass_repeated(part, walk, places);
  } else {
    pass_once(part, walk, places);
  }
  if (part.modifier == PatternPart::Modifier::kOptional ||
      part.modifier == PatternPart::Modifier::kZeroOrMore) {
    unite(places, without);
  }
}

void UrlPatternComponent::pass_once(const PatternPart& part, TextWalk& walk, Places& places) const {
  walk.pass(places, part.prefix);
  switch (part.type) {
    case PatternPart::Type::kFixedText:
      break;
    case PatternPart::Type::kSegmentWildcard:
      walk.pass_one(places, walk.before(in_segment_));
      walk.pass_any(places, walk.before(in_segment_));
      break;
    case PatternPart::Type::kFullWildcard:
      walk.pass_any(places, walk.before(~ByteSet()));
      break;
    case PatternPart::Type::kRegexp:
      part.regexp->pass(walk, places);
      break;
  }
  walk.pass(places, part.suffix);
}

// One or more times prefix, group, suffix. What follows from a place lies behind it, so that one
// way through the text finds everything, however often the group is repeated.
void UrlPatternComponent::pass_repeated(const PatternPart& part, TextWalk& walk,
                                        Places& places) const {
  if (part.type == PatternPart::Type::kFullWildcard) {
    pass_once(part, walk, places);  // It takes its own repetitions.
    return;
  }
  Places starts = std::exchange(places, walk.nowhere());
  Places behind_prefix = walk.everywhere();
  walk.pass(behind_prefix, part.prefix);
  if (part.type == PatternPart::Type::kFixedText) {
    for (size_t i = 0; i <= walk.size(); ++i) {
      if (has(behind_prefix, i) && has(starts, i - part.prefix.size())) {
        add(places, i);
        add(starts, i);
      }
    }
    return;
  }
  Places behind_suffix = walk.everywhere();
  walk.pass(behind_suffix, part.suffix);
  const Places& in_segment = walk.before(in_segment_);
  Places inside = walk.nowhere();  // Behind a prefix, or in the segment that follows it.
  Places read = walk.nowhere();    // Of these, behind at least one byte of the segment.
  for (size_t i = 0; i <= walk.size(); ++i) {
    if (i > 0 && has(in_segment, i - 1) && has(inside, i - 1)) {
      add(read, i);
      add(inside, i);
    }
    if (has(behind_suffix, i) && has(read, i - part.suffix.size())) {
      add(places, i);
      add(starts, i);
    }
    if (has(behind_prefix, i) && has(starts, i - part.prefix.size())) {
      add(inside, i);
    }
  }
}

}  // namespace ringcast::topics
