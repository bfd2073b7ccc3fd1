#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringcast::http {

// kOther: a method that llhttp knows and we serve nowhere (PATCH, CONNECT, ...).
enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

// The head of a request and, once it is complete, its body. Owns its bytes.
struct Request {
  Method method = Method::kOther;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;
  bool http_1_0 = false;
  std::optional<uint64_t> content_length;  // Nothing when chunked or without a body.
  bool chunked = false;

  // The first header of this name, compared without case; empty view when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

}  // namespace ringcast::http
