#include "http/head_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace ringcast::http {

namespace {

// RFC 9110 section 5.6.2.
constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
  });
}

// How often the headers are there that have rules of their own, and what they say.
struct Counted {
  size_t hosts = 0;
  size_t lengths = 0;
  size_t encodings = 0;
  std::string_view length;
  std::string_view encoding;
  bool closes = false;
  bool keeps_alive = false;
};

Status check_host(const Counted& counted, bool http_1_0) {
  if (counted.hosts > 1) {
    return fail(Errc::kInvalid, "more than one Host", "host");
  }
  if (counted.hosts == 0 && !http_1_0) {
    return fail(Errc::kInvalid, "HTTP/1.1 needs a Host", "host");
  }
  return Ok{};
}

Status read_framing(const Counted& counted, Request& request) {
  if (counted.lengths > 1 || counted.encodings > 1 ||
      (counted.lengths > 0 && counted.encodings > 0)) {
    return fail(Errc::kInvalid, "more than one Content-Length or Transfer-Encoding");
  }
  if (counted.lengths == 1) {
    request.content_length = parse_uint(counted.length);
    if (!request.content_length) {
      return fail(Errc::kInvalid, "Content-Length is not a number", "content-length");
    }
  }
  if (counted.encodings == 1) {
    if (request.http_1_0) {
      return fail(Errc::kInvalid, "HTTP/1.0 has no Transfer-Encoding", "transfer-encoding");
    }
    if (!equals_ignoring_case(counted.encoding, "chunked")) {
      return fail(Errc::kInvalid, "Transfer-Encoding is not just chunked", "transfer-encoding");
    }
    request.chunked = true;
  }
  return Ok{};
}

bool has_option(std::string_view list, std::string_view option) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trim(list.substr(0, comma)), option)) {
      return true;
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

void count(Counted& counted, std::string_view name, std::string_view value) {
  const auto is = [name](std::string_view known) {
    return name.size() == known.size() && equals_ignoring_case(name, known);
  };
  if (is("host")) {
    ++counted.hosts;
  } else if (is("content-length")) {
    ++counted.lengths;
    counted.length = value;
  } else if (is("transfer-encoding")) {
    ++counted.encodings;
    counted.encoding = value;
  } else if (is("connection")) {
    counted.closes = counted.closes || has_option(value, "close");
    counted.keeps_alive = counted.keeps_alive || has_option(value, "keep-alive");
  }
}

}  // namespace

Status apply_head_rules(Request& request) {
  Counted counted;
  for (const auto [name, value] : request.headers) {
    if (!is_token(name)) {
      return fail(Errc::kInvalid, "a header name with a character that it must not have");
    }
    count(counted, name, value);
  }
  if (Status status = check_host(counted, request.http_1_0); !status) {
    return status;
  }
  if (Status status = read_framing(counted, request); !status) {
    return status;
  }
  // RFC 9112 section 9.3: "close" wins, and 1.0 has to ask.
  request.keep_alive = !counted.closes && (!request.http_1_0 || counted.keeps_alive);
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
