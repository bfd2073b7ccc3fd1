#include "http/request.h"

#include "base/text.h"

namespace ringcast::http {

namespace {

// What a connection between two requests may hold on to.
constexpr size_t kMostKept = 2048;

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return {};
}

std::string_view Request::header(std::string_view name) const {
  for (const auto [key, value] : headers) {
    if (key.size() == name.size() && equals_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

void Request::clear() {
  if (target.capacity() + headers.capacity() + body.capacity() > kMostKept) {
    *this = {};
    return;
  }
  method = Method::kOther;
  target.clear();
  headers.clear();
  body.clear();
  keep_alive = true;
  http_1_0 = false;
  content_length.reset();
  chunked = false;
}

}  // namespace ringcast::http
