#include "topics/text_walk.h"

#include <algorithm>

namespace ringcast::topics {

namespace {

bool is_nowhere(const Places& places) {
  return std::all_of(places.begin(), places.end(), [](uint64_t word) { return word == 0; });
}

}  // namespace

void unite(Places& places, const Places& more) {
  for (size_t i = 0; i < places.size(); ++i) {
    places[i] |= more[i];
  }
}

TextWalk::TextWalk(std::string_view text) : text_(text), words_(text.size() / 64 + 1) {}

Places TextWalk::start() const {
  Places places(words_);
  places[0] = 1;
  return places;
}

Places TextWalk::everywhere() const {
  Places places(words_, ~uint64_t{0});
  places.back() = ~uint64_t{0} >> (63 - text_.size() % 64);
  return places;
}

Places TextWalk::find(const ByteSet& set) const {
  Places places(words_);
  for (size_t word = 0; word < words_; ++word) {
    const std::string_view bytes = text_.substr(word * 64, 64);
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      bits |= static_cast<uint64_t>(set.contains(bytes[i])) << i;
    }
    places[word] = bits;
  }
  return places;
}

bool TextWalk::is_at_end(const Places& places) const {
  return ((places.back() >> (text_.size() % 64)) & 1U) != 0;
}

void TextWalk::pass(Places& places, std::string_view literal) {
  for (const char c : literal) {
    pass_one(places, before(c));
    if (is_nowhere(places)) {
      return;
    }
  }
}

void TextWalk::pass_one(Places& places, const Places& allowed) const {
  uint64_t carry = 0;
  for (size_t i = 0; i < words_; ++i) {
    const uint64_t passing = places[i] & allowed[i];
    places[i] = (passing << 1) | carry;
    carry = passing >> 63;
  }
}

// Adding a place to a run of ones that it stands in carries it to the run's end; what changed on
// the way are the places that it passed. Like MatchStar of Parabix.
void TextWalk::pass_any(Places& places, const Places& allowed) const {
  uint64_t carry = 0;
  for (size_t i = 0; i < words_; ++i) {
    const uint64_t run = allowed[i];
    const uint64_t with_carry = run + carry;
    const uint64_t sum = with_carry + (places[i] & run);
    carry = static_cast<uint64_t>(with_carry < run) | static_cast<uint64_t>(sum < with_carry);
    places[i] |= sum ^ run;
  }
}

const Places& TextWalk::before(const ByteSet& set) {
  for (const auto& [known, places] : before_set_) {
    if (known == set) {
      return places;
    }
  }
  return before_set_.emplace_back(set, find(set)).second;
}

const Places& TextWalk::before(char c) {
  Places& places = before_byte_[static_cast<unsigned char>(c)];
  if (places.empty()) {
    places = find(ByteSet::of({&c, 1}));
  }
  return places;
}

}  // namespace ringcast::topics
