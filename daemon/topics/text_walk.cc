#include "topics/text_walk.h"

#include <algorithm>

namespace ringcast::topics {

namespace {

bool is_nowhere(const Places& places) {
  return std::all_of(places.begin(), places.end(), [](uint64_t word) { return word == 0; });
}

// Of places and sets: bit i comes to stand at i + count.
void shift_up(Places& places, size_t count) {
  const size_t words = count / 64;
  const size_t bits = count % 64;
  for (size_t i = places.size(); i-- > 0;) {
    const uint64_t high = i >= words ? places[i - words] : 0;
    const uint64_t low = i > words ? places[i - words - 1] : 0;
    places[i] = bits == 0 ? high : (high << bits) | (low >> (64 - bits));
  }
}

// Keeps the bits that have another one `count` behind them.
void keep_followed(Places& places, size_t count) {
  const size_t words = count / 64;
  const size_t bits = count % 64;
  for (size_t i = 0; i < places.size(); ++i) {
    const uint64_t low = i + words < places.size() ? places[i + words] : 0;
    const uint64_t high = i + words + 1 < places.size() ? places[i + words + 1] : 0;
    places[i] &= bits == 0 ? low : (low >> bits) | (high << (64 - bits));
  }
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

// `run` has the places from which `width` bytes are allowed, and is doubled from bit to bit.
void TextWalk::pass_times(Places& places, const Places& allowed, size_t count) const {
  if (count > text_.size()) {
    places = nowhere();
    return;
  }
  Places run = allowed;
  for (size_t width = 1; count != 0; width *= 2) {
    if ((count & width) != 0) {
      count -= width;
      for (size_t i = 0; i < words_; ++i) {
        places[i] &= run[i];
      }
      shift_up(places, width);
    }
    if (count != 0) {
      keep_followed(run, width);
    }
  }
}

// Places that are up to `covered` bytes on, once more as many and one on: each time twice as far.
void TextWalk::pass_up_to(Places& places, const Places& allowed, size_t most) const {
  most = std::min(most, text_.size());
  for (size_t covered = 0; covered < most;) {
    const size_t count = std::min(covered + 1, most - covered);
    Places further = places;
    pass_times(further, allowed, count);
    unite(places, further);
    covered += count;
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
  const Places*& known = before_byte_[static_cast<unsigned char>(c)];
  if (known == nullptr) {
    Places& places = of_bytes_.emplace_back(words_);
    for (size_t i = text_.find(c); i != std::string_view::npos; i = text_.find(c, i + 1)) {
      places[i / 64] |= uint64_t{1} << (i % 64);
    }
    known = &places;
  }
  return *known;
}

}  // namespace ringcast::topics
