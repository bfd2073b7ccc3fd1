#include "cpp/src/event_parser.h"

#include <array>

#include "base/text.h"
#include "cpp/src/utf8.h"
#include "sse/lines.h"

namespace ringcast::client {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How a well-formed sequence begins (Unicode, table 3-7): its first byte, the range of its second
// one, and its length.
struct Lead {
  unsigned char first, last;
  unsigned char second_from, second_to;
  size_t bytes;
};
constexpr std::array<Lead, 9> kLeads{{{0x00, 0x7F, 0x00, 0x00, 1},
                                      {0xC2, 0xDF, 0x80, 0xBF, 2},
                                      {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                      {0xE1, 0xEC, 0x80, 0xBF, 3},
                                      {0xED, 0xED, 0x80, 0x9F, 3},
                                      {0xEE, 0xEF, 0x80, 0xBF, 3},
                                      {0xF0, 0xF0, 0x90, 0xBF, 4},
                                      {0xF1, 0xF3, 0x80, 0xBF, 4},
                                      {0xF4, 0xF4, 0x80, 0x8F, 4}}};

bool is_within(char c, unsigned char from, unsigned char to) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= from && byte <= to;
}

struct Part {
  size_t bytes;
  bool is_good;
};

// The character at the front of `text`, or the longest beginning of one.
Part first_part(std::string_view text) {
  for (const Lead& lead : kLeads) {
    if (!is_within(text.front(), lead.first, lead.last)) {
      continue;
    }
    size_t bytes = 1;
    while (bytes < lead.bytes && bytes < text.size() &&
           (bytes == 1 ? is_within(text[bytes], lead.second_from, lead.second_to)
                       : is_within(text[bytes], 0x80, 0xBF))) {
      ++bytes;
    }
    return {bytes, bytes == lead.bytes};
  }
  return {1, false};
}

// With U+FFFD for each part that is not UTF-8, as the Encoding Standard decodes it.
void append_decoded(std::string& out, std::string_view text) {
  if (is_well_formed(text)) {
    out += text;
    return;
  }
  while (!text.empty()) {
    const Part part = first_part(text);
    out += part.is_good ? text.substr(0, part.bytes) : kReplacement;
    text.remove_prefix(part.bytes);
  }
}

void set_decoded(std::string& out, std::string_view text) {
  out.clear();
  append_decoded(out, text);
}

}  // namespace

size_t EventParser::feed(std::string_view bytes, Sink& sink) {
  sse::LineEnds ends(bytes);
  size_t begin = 0;
  while (begin < bytes.size()) {
    // A CR has ended its line already: the LF after it, perhaps in the next piece, is part of it.
    if (std::exchange(is_after_cr_, false) && bytes[begin] == '\n') {
      ++begin;
      continue;
    }
    const size_t end = ends.next(begin);
    const std::string_view part = bytes.substr(begin, end - begin);
    const size_t line_bytes = line_.size() + part.size();
    if (line_bytes > 0 && event_bytes_ + line_bytes > max_event_bytes_) {
      is_too_large_ = true;
      return begin;
    }
    if (end == bytes.size()) {
      line_ += part;
      return end;
    }
    is_after_cr_ = bytes[end] == '\r';
    begin = end + 1;
    if (line_.empty()) {  // The usual case: the whole line lies in the piece.
      take_line(part, sink);
    } else {
      line_ += part;
      take_line(line_, sink);
      line_.clear();
    }
    if (!sink.wants_more()) {
      return begin;
    }
  }
  return begin;
}

void EventParser::begin() {
  line_.clear();
  type_.clear();
  data_.clear();
  id_ = last_id_;
  has_data_ = false;
  event_bytes_ = 0;
  is_after_cr_ = false;
  is_at_start_ = true;
  is_too_large_ = false;
}

void EventParser::take_line(std::string_view line, Sink& sink) {
  event_bytes_ += line.size() + 1;
  if (std::exchange(is_at_start_, false) && line.substr(0, kBom.size()) == kBom) {
    line.remove_prefix(kBom.size());
  }
  if (line.empty()) {
    end_event(sink);
    return;
  }
  const size_t colon = line.find(':');
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    value.remove_prefix(!value.empty() && value.front() == ' ' ? 1 : 0);
  }
  if (colon == 0) {
    std::string comment;
    append_decoded(comment, value);
    sink.on_comment(comment);
  } else {
    take_field(line.substr(0, colon), value, sink);
  }
}

// WHATWG HTML section 9.2.6, "process the field". Unknown names are ignored.
void EventParser::take_field(std::string_view name, std::string_view value, Sink& sink) {
  if (name == "data") {
    if (std::exchange(has_data_, true)) {
      data_ += '\n';
    }
    append_decoded(data_, value);
  } else if (name == "event") {
    set_decoded(type_, value);
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) {
      set_decoded(id_, value);
    }
  } else if (name == "retry") {
    if (const auto retry_ms = parse_uint(value)) {
      sink.on_retry(*retry_ms);
    }
  }
}

void EventParser::end_event(Sink& sink) {
  event_bytes_ = 0;
  if (last_id_ != id_) {
    last_id_ = id_;
  }
  Event event{last_id_, std::exchange(type_, {}), std::exchange(data_, {})};
  if (event.type.empty()) {
    event.type = "message";
  }
  if (std::exchange(has_data_, false)) {
    sink.on_event(std::move(event));
  }
}

}  // namespace ringcast::client
