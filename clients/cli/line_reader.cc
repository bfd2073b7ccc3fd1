#include "cli/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ringcast::cli {
namespace {

constexpr size_t kReadBytes = 64ULL << 10U;

bool is_readable_now(int fd) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, 0) > 0;
}

// Appends what one read brings; 0 at the end of the input.
Result<size_t> read_some(int fd, std::string& out) {
  const size_t before = out.size();
  for (;;) {
    out.resize(before + kReadBytes);
    const ssize_t got = ::read(fd, out.data() + before, kReadBytes);
    const int error = errno;
    out.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got >= 0) {
      return static_cast<size_t>(got);
    }
    if (error == EAGAIN) {
      pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
      poll(&waiting, 1, -1);
    } else if (error != EINTR) {
      return fail(Errc::kIo, "cannot read the input: " + std::string(std::strerror(error)));
    }
  }
}

}  // namespace

Result<std::vector<std::string>> LineReader::next() {
  std::vector<std::string> lines;
  taken_bytes_ = 0;
  for (;;) {
    if (auto taken = take_lines(lines); !taken) {
      return std::move(taken).failure();
    }
    const bool has_room = can_take_more(lines) && buffer_.size() - begin_ <= limits_.line_bytes;
    if (is_at_end_ || !has_room || (!lines.empty() && !is_readable_now(fd_))) {
      return lines;
    }
    if (auto filled = fill(); !filled) {
      return lines.empty() ? Result<std::vector<std::string>>(std::move(filled).failure()) : lines;
    }
  }
}

bool LineReader::can_take_more(const std::vector<std::string>& lines) const {
  return lines.size() < limits_.lines && taken_bytes_ < limits_.bytes;
}

Status LineReader::fill() {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  auto got = read_some(fd_, buffer_);
  if (!got) {
    return std::move(got).failure();
  }
  is_at_end_ = *got == 0;
  return Ok{};
}

// What goes wrong after good lines is told by the next call, so that they are not lost.
Status LineReader::take_lines(std::vector<std::string>& lines) {
  while (can_take_more(lines)) {
    const size_t found = buffer_.find('\n', scanned_);
    const size_t end = std::min(found, buffer_.size());
    if (end - begin_ > limits_.line_bytes) {
      return lines.empty() ? too_long() : Ok{};
    }
    if (found == std::string::npos && (!is_at_end_ || begin_ == end)) {
      scanned_ = end;
      return Ok{};
    }
    const bool has_cr = end > begin_ && buffer_[end - 1] == '\r';
    lines.push_back(buffer_.substr(begin_, end - begin_ - (has_cr ? 1 : 0)));
    taken_bytes_ += end - begin_;
    begin_ = std::min(end + 1, buffer_.size());
    scanned_ = begin_;
  }
  return Ok{};
}

Status LineReader::too_long() const {
  return fail(Errc::kTooLarge,
              "a line is longer than " + std::to_string(limits_.line_bytes) + " bytes");
}

Result<std::string> read_all(int fd, size_t max_bytes) {
  std::string text;
  while (text.size() <= max_bytes) {
    auto got = read_some(fd, text);
    if (!got) {
      return std::move(got).failure();
    }
    if (*got == 0) {
      return text;
    }
  }
  return fail(Errc::kTooLarge, "the input is longer than " + std::to_string(max_bytes) + " bytes");
}

}  // namespace ringcast::cli
