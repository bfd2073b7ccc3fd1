#include "http/response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace ringcast::http {

namespace {

// One look at the room for all of them.
void append(std::string& out, std::initializer_list<std::string_view> pieces) {
  size_t size = out.size();
  for (const std::string_view piece : pieces) {
    size += piece.size();
  }
  size_t at = out.size();
  out.resize(size);
  for (const std::string_view piece : pieces) {
    at += piece.copy(out.data() + at, piece.size());
  }
}

// The decimal digits of a number.
class Digits {
 public:
  explicit Digits(uint64_t number)
      : size_(static_cast<size_t>(
            std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr - text_.data())) {}
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 20> text_{};
  size_t size_;
};

// Details may quote what a client sent, which need not be UTF-8.
void append_text(std::string& out, std::string text) {
  if (!is_utf8(text)) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
  }
  json::append_string(out, text);
}

}  // namespace

void append_response(std::string& out, const Response& response, Framing framing) {
  const Digits status(static_cast<uint64_t>(response.status));
  const Digits length(response.body.size());
  const bool has_type = !response.content_type.empty();
  // RFC 9110 section 8.6 forbids the length with 204, and with 304 one that is not that of the 200.
  const bool has_body = response.status != 204 && response.status != 304;
  append(out, {"HTTP/1.1 ", status.view(), " ", reason_phrase(response.status),
               has_type ? "\r\nContent-Type: " : "", response.content_type,
               has_body ? "\r\nContent-Length: " : "", has_body ? length.view() : ""});
  for (const auto& [name, value] : response.headers) {
    append(out, {"\r\n", name, ": ", value});
  }
  if (!framing.keep_alive) {
    out += "\r\nConnection: close";
  } else if (framing.http_1_0) {
    out += "\r\nConnection: keep-alive";
  }
  append(out, {"\r\n\r\n", has_body && !framing.head_only ? response.body : std::string_view()});
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

int status_of(Errc code) {
  switch (code) {
    case Errc::kIo:
      return 500;
    case Errc::kInvalid:
      return 400;
    case Errc::kUnauthorized:
      return 401;
    case Errc::kForbidden:
      return 403;
    case Errc::kNotFound:
      return 404;
    case Errc::kMethodNotAllowed:
      return 405;
    case Errc::kMethodUnknown:
      return 501;
    case Errc::kTimeout:
      return 408;
    case Errc::kTooLarge:
      return 413;
    case Errc::kHeadTooLarge:
      return 431;
    case Errc::kExpectation:
      return 417;
    case Errc::kMediaType:
      return 415;
    case Errc::kVersion:
      return 505;
    case Errc::kTooMany:
      return 429;
    case Errc::kOverloaded:
    case Errc::kBehind:
    case Errc::kStorage:
      return 503;
    case Errc::kStorageFull:
      return 507;
  }
  return 500;
}

Response problem(const Error& error) {
  const int status = status_of(error.code);
  std::string body = R"({"type":"about:blank","title":)";
  json::append_string(body, reason_phrase(status));
  body.append(",\"status\":").append(std::to_string(status));
  if (!error.detail.empty()) {
    body.append(",\"detail\":");
    append_text(body, error.detail);
  }
  if (!error.field.empty()) {
    body.append(",\"field\":");
    append_text(body, error.field);
  }
  if (error.index >= 0) {
    body.append(",\"index\":").append(std::to_string(error.index));
  }
  if (error.line >= 0) {
    body.append(",\"line\":").append(std::to_string(error.line));
  }
  body.append("}\n");
  return {.status = status,
          .content_type = "application/problem+json",
          .body = std::move(body),
          .headers = {}};
}

}  // namespace ringcast::http
