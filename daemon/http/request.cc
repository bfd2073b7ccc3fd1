#include "http/request.h"

#include <utility>

#include "base/text.h"

namespace ringcast::http {

namespace {

// What a connection between two requests may hold on to.
constexpr size_t kMostKept = 2048;

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto [key, value] : headers) {
    if (equals_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

void Request::clear() {
  Request next;
  if (target.capacity() + headers.capacity() + body.capacity() <= kMostKept) {
    next.target = std::move(target);
    next.headers = std::move(headers);
    next.body = std::move(body);
    next.target.clear();
    next.headers.clear();
    next.body.clear();
  }
  *this = std::move(next);
}

}  // namespace ringcast::http
