#include "sse/stream_parser.h"

#include <utility>

#include "base/text.h"
#include "sse/lines.h"

namespace ringcast::sse {

namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

// WHATWG HTML section 9.2.6, "process the field". Unknown names are ignored.
void set_field(Block& block, std::string_view name, std::string_view value) {
  if (name == "data") {
    if (block.data) {
      block.data->append("\n").append(value);
    } else {
      block.data.emplace(value);
    }
  } else if (name == "event") {
    block.event.emplace(value);
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) {
      block.id.emplace(value);
    }
  } else if (name == "retry") {
    if (const auto retry_ms = parse_uint(value)) {
      block.retry_ms = retry_ms;
    }
  }
}

}  // namespace

Status StreamParser::feed(std::string_view input, const Sink& sink) {
  LineEnds ends(input);
  size_t begin = 0;
  while (begin < input.size()) {
    // A CR has ended its line already: the LF after it, perhaps in the next piece, is part of it.
    if (std::exchange(after_cr_, false) && input[begin] == '\n') {
      ++begin;
      continue;
    }
    const size_t end = ends.next(begin);
    const std::string_view part = input.substr(begin, end - begin);
    const size_t line_bytes = line_.size() + part.size();
    if (line_bytes > 0 && block_bytes_ + line_bytes > max_block_bytes_) {
      return fail(Errc::kTooLarge,
                  "a block of the stream is over " + std::to_string(max_block_bytes_) + " bytes");
    }
    if (end == input.size()) {
      line_ += part;
      break;
    }
    after_cr_ = input[end] == '\r';
    begin = end + 1;
    if (auto status = take_part(part, sink); !status) {
      return status;
    }
  }
  return Ok{};
}

Status StreamParser::finish(const Sink& sink) {
  if (!line_.empty()) {
    if (auto status = take_part({}, sink); !status) {
      return status;
    }
  }
  return end_block(sink);
}

Status StreamParser::take_part(std::string_view part, const Sink& sink) {
  if (line_.empty()) {  // The usual case: the whole line lies in the piece.
    return take_line(part, sink);
  }
  line_ += part;
  auto status = take_line(line_, sink);
  line_.clear();
  return status;
}

Status StreamParser::take_line(std::string_view line, const Sink& sink) {
  block_bytes_ += line.size() + 1;
  if (std::exchange(at_start_, false) && line.starts_with(kBom)) {
    line.remove_prefix(kBom.size());
  }
  if (line.empty()) {
    return end_block(sink);
  }
  has_lines_ = true;
  const size_t colon = line.find(':');
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    value.remove_prefix(value.starts_with(' ') ? 1 : 0);
  }
  if (colon == 0) {
    block_.comment.append(std::exchange(has_comment_, true) ? "\n" : "").append(value);
  } else {
    set_field(block_, line.substr(0, colon), value);
  }
  return Ok{};
}

Status StreamParser::end_block(const Sink& sink) {
  block_bytes_ = 0;
  has_comment_ = false;
  Block block = std::exchange(block_, {});
  if (!std::exchange(has_lines_, false)) {
    return Ok{};  // One of several blank lines.
  }
  return sink(std::move(block));
}

}  // namespace ringcast::sse
