#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/headers.h"

namespace ringcast::http {

// kOther: a method that llhttp knows and we serve nowhere (PATCH, CONNECT, ...).
enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

// "GET"; empty for kOther.
[[nodiscard]] std::string_view name_of(Method method);

// The head of a request and, once it is complete, its body. Owns its bytes.
struct Request {
  Method method = Method::kOther;
  std::string target;
  Headers headers;
  std::string body;
  bool keep_alive = true;
  bool http_1_0 = false;
  std::optional<uint64_t> content_length;  // Nothing when chunked or without a body.
  bool chunked = false;

  // The first header of this name, compared without case; empty view when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  // As new, but with the memory of this one, unless that is much, for the next.
  void clear();
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

}  // namespace ringcast::http
