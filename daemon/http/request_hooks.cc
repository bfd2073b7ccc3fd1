// What llhttp's callbacks copy into the request.
#include <utility>

#include "http/request_parser.h"

namespace ringcast::http {

void RequestParser::append_name(std::string_view text) {
  if (stage_ != Stage::kHead) {
    return;  // Trailers are dropped (RFC 9110 section 6.5.1).
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

void RequestParser::end_value() {
  if (stage_ == Stage::kHead) {
    request_.headers.end_header();
  }
  in_name_ = false;
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
    s.on_header_value_complete = [](llhttp_t* p) {
      self(p).end_value();
      return int{HPE_OK};
    };
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
