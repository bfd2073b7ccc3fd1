#include "http/head_rules.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/text.h"

namespace ringcast::http {

namespace {

size_t count(const Request& request, std::string_view name) {
  return static_cast<size_t>(std::count_if(
      request.headers.begin(), request.headers.end(),
      [name](const auto& header) { return equals_ignoring_case(header.first, name); }));
}

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

Status check_names(const Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name)) {
      return fail(Errc::kInvalid, "a header name with a character that it must not have");
    }
  }
  return Ok{};
}

Status check_host(const Request& request) {
  const size_t hosts = count(request, "host");
  if (hosts > 1) {
    return fail(Errc::kInvalid, "more than one Host", "host");
  }
  if (hosts == 0 && !request.http_1_0) {
    return fail(Errc::kInvalid, "HTTP/1.1 needs a Host", "host");
  }
  return Ok{};
}

Status read_framing(Request& request) {
  const size_t lengths = count(request, "content-length");
  const size_t encodings = count(request, "transfer-encoding");
  if (lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0)) {
    return fail(Errc::kInvalid, "more than one Content-Length or Transfer-Encoding");
  }
  if (lengths == 1) {
    request.content_length = parse_uint(request.header("content-length"));
    if (!request.content_length) {
      return fail(Errc::kInvalid, "Content-Length is not a number", "content-length");
    }
  }
  if (encodings == 1) {
    if (request.http_1_0) {
      return fail(Errc::kInvalid, "HTTP/1.0 has no Transfer-Encoding", "transfer-encoding");
    }
    if (!equals_ignoring_case(request.header("transfer-encoding"), "chunked")) {
      return fail(Errc::kInvalid, "Transfer-Encoding is not just chunked", "transfer-encoding");
    }
    request.chunked = true;
  }
  return Ok{};
}

bool connection_has(const Request& request, std::string_view option) {
  for (const auto& [name, value] : request.headers) {
    if (!equals_ignoring_case(name, "connection")) {
      continue;
    }
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      if (equals_ignoring_case(trim(rest.substr(0, comma)), option)) {
        return true;
      }
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

}  // namespace

Status apply_head_rules(Request& request) {
  for (auto& [name, value] : request.headers) {
    value = std::string(trim(value));
  }
  if (Status status = check_names(request); !status) {
    return status;
  }
  if (Status status = check_host(request); !status) {
    return status;
  }
  if (Status status = read_framing(request); !status) {
    return status;
  }
  // RFC 9112 section 9.3: "close" wins, and 1.0 has to ask.
  request.keep_alive = !connection_has(request, "close") &&
                       (!request.http_1_0 || connection_has(request, "keep-alive"));
  return Ok{};
}

Method to_method(uint8_t llhttp_method) {
  switch (llhttp_method) {
    case HTTP_GET:
      return Method::kGet;
    case HTTP_HEAD:
      return Method::kHead;
    case HTTP_POST:
      return Method::kPost;
    case HTTP_PUT:
      return Method::kPut;
    case HTTP_DELETE:
      return Method::kDelete;
    case HTTP_OPTIONS:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

Errc to_errc(llhttp_errno_t code) {
  switch (code) {
    case HPE_INVALID_METHOD:
      return Errc::kMethodUnknown;
    case HPE_INVALID_VERSION:
    case HPE_PAUSED_H2_UPGRADE:  // The preface of HTTP/2, which begins with "PRI *".
      return Errc::kVersion;
    default:
      return Errc::kInvalid;
  }
}

}  // namespace ringcast::http
