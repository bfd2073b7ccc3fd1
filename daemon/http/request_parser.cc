#include "http/request_parser.h"

#include <algorithm>
#include <utility>

#include "http/head_rules.h"

namespace ringcast::http {

// The first byte of a connection that speaks TLS (RFC 8446 section 5.1), and of no request.
constexpr char kTlsHandshake = '\x16';

RequestParser::RequestParser(Limits limits) : limits_(limits) {
  llhttp_init(&parser_, HTTP_REQUEST, &settings());
  parser_.data = this;
}

bool RequestParser::is_idle() const noexcept {
  return stage_ == Stage::kHead && !has_begun_;
}

Result<size_t> RequestParser::feed(std::string_view input) {
  if (error_) {
    return Failure{*error_};
  }
  if (stage_ == Stage::kHead) {
    return feed_head(input);
  }
  if (stage_ == Stage::kHeadDone) {
    if (Status status = leave_head(); !status) {
      return std::move(status).failure();
    }
  }
  return feed_body(input);
}

std::string RequestParser::take_body() {
  return std::exchange(request_.body, {});
}

Request RequestParser::take() {
  Request taken = std::move(request_);
  request_ = {};
  next();
  return taken;
}

void RequestParser::next() {
  // llhttp begins anew each time: what it carries over from one message to the next (it refuses
  // or skips what follows "Connection: close") differs between its versions.
  llhttp_init(&parser_, HTTP_REQUEST, &settings());
  parser_.data = this;
  scanner_ = {};
  stage_ = Stage::kHead;
  request_line_bytes_ = 0;
  line_bytes_ = 0;
  data_left_ = 0;
  streaming_ = false;
  has_begun_ = false;
  is_whole_ = false;
  request_.clear();
}

// llhttp gets exactly the bytes before the first that the scanner refuses or that is over the
// limit, so that the same bytes fail in the same way however they arrive.
Result<size_t> RequestParser::feed_head(std::string_view input) {
  size_t begin = 0;
  size_t used = 0;
  Status problem = Ok{};
  bool is_complete = false;
  while (used < input.size() && !is_complete) {
    const size_t plain =
        scanner_.skip_plain(input.substr(used, limits_.max_head_bytes - line_bytes_));
    line_bytes_ += plain;
    used += plain;
    if (used == input.size()) {
      break;
    }
    const char c = input[used];
    if (line_bytes_ == limits_.max_head_bytes) {
      problem = fail(Errc::kHeadTooLarge, "the head is over limits.head: " +
                                              std::to_string(limits_.max_head_bytes) + " bytes");
      break;
    }
    if (const std::string_view what = scanner_.next(c); !what.empty()) {
      met_tls_ = c == kTlsHandshake && line_bytes_ == 0;
      problem = fail(Errc::kInvalid, met_tls_ ? "this port speaks plain HTTP, not TLS"
                                              : std::string(what) + " at byte " +
                                                    std::to_string(line_bytes_) + " of the head");
      break;
    }
    // Empty lines before a request are passed over (RFC 9112 section 2.2).
    if (!has_begun_ && c != '\r' && c != '\n') {
      has_begun_ = true;
      begin = used;
    }
    if (has_begun_ && scanner_.at_line_end()) {
      is_complete = scanner_.line_is_empty();
      request_line_bytes_ = request_line_bytes_ > 0 ? request_line_bytes_ : scanner_.length();
    }
    ++line_bytes_;
    ++used;
  }
  if (has_begun_) {
    if (Status status = execute(input.substr(begin, used - begin)); !status) {
      return std::move(status).failure();
    }
  }
  if (!problem) {
    return refuse(std::move(problem).failure());
  }
  if (is_complete) {
    if (Status status = finish_head(); !status) {
      return std::move(status).failure();
    }
  }
  return used;
}

Status RequestParser::leave_head() {
  const uint64_t length = request_.content_length.value_or(0);
  if (!streaming_ && length > limits_.max_body_bytes) {
    return refuse(fail(Errc::kTooLarge,
                       "the body is over " + std::to_string(limits_.max_body_bytes) + " bytes"));
  }
  data_left_ = length;
  stage_ = is_whole_ ? Stage::kComplete : Stage::kBody;
  return Ok{};
}

Result<size_t> RequestParser::feed_body(std::string_view input) {
  size_t used = 0;
  while (stage_ == Stage::kBody && used < input.size()) {
    const std::string_view rest = input.substr(used);
    auto consumed = data_left_ > 0 ? feed_data(rest) : feed_line(rest);
    if (!consumed) {
      return consumed;
    }
    used += *consumed;
    if (is_whole_) {
      stage_ = Stage::kComplete;
    }
  }
  return used;
}

Result<size_t> RequestParser::feed_data(std::string_view input) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(data_left_, input.size()));
  if (Status status = execute(input.substr(0, size)); !status) {
    return std::move(status).failure();
  }
  data_left_ -= size;
  line_bytes_ = 0;
  return size;
}

Status RequestParser::execute(std::string_view bytes) {
  const llhttp_errno_t code = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (code == HPE_OK) {
    return Ok{};
  }
  if (code == HPE_CB_CHUNK_HEADER) {  // begin_chunk() said no.
    return refuse(fail(Errc::kTooLarge,
                       "the body is over " + std::to_string(limits_.max_body_bytes) + " bytes"));
  }
  const char* reason = llhttp_get_error_reason(&parser_);
  return refuse(fail(to_errc(code), reason != nullptr ? reason : llhttp_errno_name(code)));
}

Failure RequestParser::refuse(Failure failure) {
  error_ = failure.error;
  return failure;
}

}  // namespace ringcast::http
