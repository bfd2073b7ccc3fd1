#include "http/response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace ringcast::http {

namespace {

void append_number(std::string& out, uint64_t number) {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number);
  out.append(digits.data(), static_cast<size_t>(end - digits.data()));
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

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
  out += "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(response.status));
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  if (!response.content_type.empty()) {
    append_header(out, "Content-Type", response.content_type);
  }
  const bool has_no_body = response.status == 204;
  if (!has_no_body) {  // RFC 9110 section 8.6 forbids the length there.
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    append_header(out, name, value);
  }
  if (!framing.keep_alive) {
    append_header(out, "Connection", "close");
  } else if (framing.http_1_0) {
    append_header(out, "Connection", "keep-alive");
  }
  out.append("\r\n");
  if (!framing.head_only && !has_no_body) {
    out.append(response.body);
  }
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
    case Errc::kOverloaded:
    case Errc::kBehind:
      return 503;
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
