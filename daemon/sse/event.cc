#include "sse/event.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "sse/lines.h"
#include "sse/position.h"
#include "sse/wire_fields.h"

namespace ringcast::sse {

namespace {

constexpr size_t kMaxSeqDigits = 20;
// Where seal() writes "id: <epoch>-<seq>\n" without moving the rest of the block.
constexpr size_t kIdRoom = kIdField.size() + kMaxEpochBytes + 1 + kMaxSeqDigits + 1;

// What malloc keeps beside a block, on average.
constexpr size_t kAllocationOverhead = 16;

// How data will look in the block.
struct Shape {
  size_t lines = 0;
  size_t bytes = 0;  // Of the lines, joined by one LF each.
};

Shape measure(std::string_view data) {
  Shape shape;
  each_line(data, [&](std::string_view line) {
    ++shape.lines;
    shape.bytes += line.size() + 1;
  });
  --shape.bytes;
  return shape;
}

}  // namespace

std::unique_ptr<Event> Event::encode(const EventFields& fields, std::vector<std::string> topics) {
  const Shape shape = measure(fields.data);
  const std::string_view type = fields.type;
  std::string retry;
  auto event = std::make_unique<Event>(std::move(topics));
  event->has_publisher_id_ = !fields.id.empty();
  event->is_private_ = fields.is_private;
  const size_t id_bytes =
      event->has_publisher_id_ ? kIdField.size() + fields.id.size() + 1 : kIdRoom;
  const size_t type_bytes = type.empty() ? 0 : kEventField.size() + type.size() + 1;
  if (fields.retry_ms) {
    event->retry_ms_ = static_cast<uint32_t>(clamp_retry_ms(*fields.retry_ms));
    retry = std::string(kRetryField) + std::to_string(event->retry_ms_) + "\n";
  }
  std::string& out = event->buffer_;
  out.reserve(id_bytes + type_bytes + retry.size() + shape.lines * kDataField.size() + shape.bytes +
              2);
  if (event->has_publisher_id_) {
    out.append(kIdField).append(fields.id).append("\n");
    event->id_size_ = static_cast<uint32_t>(fields.id.size());
  } else {
    out.append(kIdRoom, ' ');
    event->wire_begin_ = kIdRoom;
  }
  if (!type.empty()) {
    event->type_begin_ = static_cast<uint32_t>(out.size() + kEventField.size());
    event->type_size_ = static_cast<uint32_t>(type.size());
    out.append(kEventField).append(type).append("\n");
  }
  out += retry;
  event->data_begin_ = static_cast<uint32_t>(out.size());
  event->data_bytes_ = static_cast<uint32_t>(shape.bytes);
  if (shape.lines == 1) {
    out.append(kDataField).append(fields.data).append("\n");
  } else {
    append_lines(out, kDataField, fields.data);
  }
  out += '\n';
  return event;
}

void Event::seal(std::string_view epoch, uint64_t seq, int64_t time_ms, int64_t published_us) {
  assert(epoch.size() <= kMaxEpochBytes);
  seq_ = seq;
  time_ms_ = time_ms;
  published_us_ = published_us;
  if (has_publisher_id_) {
    return;
  }
  std::array<char, kMaxSeqDigits> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), seq).ptr;
  id_size_ = static_cast<uint32_t>(epoch.size() + 1 + static_cast<size_t>(end - digits.data()));
  wire_begin_ = static_cast<uint32_t>(kIdRoom - kIdField.size() - id_size_ - 1);

  char* at = buffer_.data() + wire_begin_;
  at = std::copy(kIdField.begin(), kIdField.end(), at);
  at = std::copy(epoch.begin(), epoch.end(), at);
  *at++ = '-';
  at = std::copy(digits.data(), end, at);
  *at = '\n';
}

std::string_view Event::wire() const noexcept {
  return {buffer_.data() + wire_begin_, buffer_.size() - wire_begin_};
}

std::string_view Event::id() const noexcept {
  return {buffer_.data() + wire_begin_ + (id_size_ == 0 ? 0 : kIdField.size()), id_size_};
}

std::string_view Event::type() const noexcept {
  return {buffer_.data() + type_begin_, type_size_};
}

std::string Event::data() const {
  // The lines' text without the first "data: " and the last line end and blank line.
  std::string_view rest(buffer_);
  rest = rest.substr(data_begin_ + kDataField.size());
  rest.remove_suffix(2);
  if (rest.size() == data_bytes_) {
    return std::string(rest);
  }
  std::string data;
  data.reserve(data_bytes_);
  for (;;) {
    const size_t end = rest.find('\n');
    data += rest.substr(0, end);
    if (end == std::string_view::npos) {
      return data;
    }
    data += '\n';
    rest.remove_prefix(end + 1 + kDataField.size());
  }
}

size_t Event::memory() const noexcept {
  // The object with its share count, the block's bytes, and the topics' names.
  size_t bytes = sizeof(Event) + kAllocationOverhead * 2;
  bytes += buffer_.capacity() + kAllocationOverhead;
  bytes += topics_.capacity() * sizeof(std::string) + kAllocationOverhead;
  for (const auto& topic : topics_) {
    if (topic.capacity() >= sizeof(std::string) / 2) {  // Longer than fits inside the object.
      bytes += topic.capacity() + kAllocationOverhead;
    }
  }
  return bytes;
}

}  // namespace ringcast::sse
