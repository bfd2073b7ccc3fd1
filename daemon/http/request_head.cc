// What a head is judged by when it is whole.
#include <string_view>

#include "http/head_rules.h"
#include "http/request_parser.h"

namespace ringcast::http {

namespace {

constexpr size_t kRequestLineRest = std::string_view("  HTTP/1.1").size();

}  // namespace

Status RequestParser::finish_head() {
  if (parser_.http_major != 1 || parser_.http_minor > 1) {
    return refuse(fail(Errc::kVersion, "this server speaks HTTP/1.1 and HTTP/1.0"));
  }
  const auto method = static_cast<llhttp_method_t>(parser_.method);
  const std::string_view name = llhttp_method_name(method);
  // llhttp passes over blanks that come in numbers.
  if (request_line_bytes_ != name.size() + request_.target.size() + kRequestLineRest) {
    return refuse(
        fail(Errc::kInvalid, "the request line is not three words with one blank between"));
  }
  request_.method = to_method(parser_.method);
  request_.http_1_0 = parser_.http_minor == 0;
  if (Status status = apply_head_rules(request_); !status) {
    return refuse(std::move(status).failure());
  }
  // After a refused CONNECT may come what a proxy's client took for a tunnel's: no requests.
  request_.keep_alive = request_.keep_alive && method != HTTP_CONNECT;
  stage_ = Stage::kHeadDone;
  line_bytes_ = 0;
  return Ok{};
}

}  // namespace ringcast::http
