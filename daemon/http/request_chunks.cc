// The framing of chunked bodies (RFC 9112 section 7.1); the data goes through request_parser.cc.
#include "http/request_parser.h"

namespace ringcast::http {

Result<size_t> RequestParser::feed_line(std::string_view input) {
  size_t used = 0;
  Status problem = Ok{};
  while (used < input.size() && !(used > 0 && scanner_.at_line_end())) {
    if (line_bytes_ == limits_.max_head_bytes) {
      problem = fail(Errc::kHeadTooLarge, "the chunk extensions or trailers are over " +
                                              std::to_string(limits_.max_head_bytes) + " bytes");
      break;
    }
    if (const std::string_view what = scanner_.next(input[used]); !what.empty()) {
      problem = fail(Errc::kInvalid, std::string(what) + " between chunks");
      break;
    }
    ++line_bytes_;
    ++used;
  }
  if (Status status = execute(input.substr(0, used)); !status) {
    return std::move(status).failure();
  }
  if (!problem) {
    return refuse(std::move(problem).failure());
  }
  return used;
}

int RequestParser::begin_chunk(uint64_t size) {
  // The sizes are attacker's numbers: subtract, so that nothing overflows.
  if (!streaming_ && size > limits_.max_body_bytes - request_.body.size()) {
    return -1;
  }
  data_left_ = size;
  return HPE_OK;
}

}  // namespace ringcast::http
