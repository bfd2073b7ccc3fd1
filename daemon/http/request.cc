#include "http/request.h"

#include "base/text.h"

namespace ringcast::http {

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

}  // namespace ringcast::http
