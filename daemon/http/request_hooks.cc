// What llhttp's callbacks copy into the request.
#include <utility>

#include "base/text.h"
#include "http/request_parser.h"

namespace ringcast::http {

void RequestParser::append_name(std::string_view text) {
  if (stage_ != Stage::kHead) {
    trailer_name_ += text;
    return;
  }
  if (!std::exchange(in_name_, true)) {
    request_.headers.begin_header();
  }
  request_.headers.extend_name(text);
}

void RequestParser::append_value(std::string_view text) {
  if (stage_ == Stage::kHead) {
    request_.headers.extend_value(text);
  }
}

int RequestParser::end_value() {
  if (stage_ == Stage::kHead) {
    request_.headers.end_header();
    in_name_ = false;
    return HPE_OK;
  }
  // Trailers are dropped (RFC 9110 section 6.5.1), but for one that would contradict the framing:
  // llhttp 9 refuses it, too.
  if (equals_ignoring_case(std::exchange(trailer_name_, {}), "content-length")) {
    llhttp_set_error_reason(&parser_, "Content-Length among the trailers of a chunked body");
    return HPE_USER;
  }
  return HPE_OK;
}

RequestParser& RequestParser::self(llhttp_t* parser) {
  return *static_cast<RequestParser*>(parser->data);
}

const llhttp_settings_t& RequestParser::settings() {
  static const llhttp_settings_t hooks = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* p, const char* at, size_t size) {
      self(p).request_.target.append(at, size);
      return int{HPE_OK};
    };
    s.on_header_field = [](llhttp_t* p, const char* at, size_t size) {
      self(p).append_name({at, size});
      return int{HPE_OK};
    };
    s.on_header_value = [](llhttp_t* p, const char* at, size_t size) {
      self(p).append_value({at, size});
      return int{HPE_OK};
    };
    s.on_header_value_complete = [](llhttp_t* p) { return self(p).end_value(); };
    s.on_headers_complete = [](llhttp_t* p) {
      // Upgrade is optional to us (RFC 9110 section 7.8), and CONNECT is refused like any method
      // that we do not serve: what follows is HTTP/1.1 in both cases.
      p->upgrade = 0;
      return int{HPE_OK};
    };
    s.on_chunk_header = [](llhttp_t* p) { return self(p).begin_chunk(p->content_length); };
    s.on_body = [](llhttp_t* p, const char* at, size_t size) {
      self(p).request_.body.append(at, size);
      return int{HPE_OK};
    };
    s.on_message_complete = [](llhttp_t* p) {
      self(p).is_whole_ = true;
      return int{HPE_OK};
    };
    return s;
  }();
  return hooks;
}

}  // namespace ringcast::http
