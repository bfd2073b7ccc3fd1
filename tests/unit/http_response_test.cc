#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "http/response.h"

namespace ringcast::http::http_response_test {
namespace {

std::string bytes_of(const Response& response, Framing framing) {
  std::string out;
  append_response(out, response, framing);
  return out;
}

Response text(std::string body) {
  return {.status = 200, .content_type = "text/plain", .body = std::move(body), .headers = {}};
}

TEST_CASE("http: a response has its length, its headers and its body") {
  Response response = text("hello");
  response.headers.emplace_back("Allow", "GET, POST");
  CHECK(bytes_of(response, {}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
        "Allow: GET, POST\r\n\r\nhello");
}

TEST_CASE("http: a response is appended to what is there") {
  std::string out = "x";
  append_response(out, text(""), {});
  CHECK(out == "xHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("http: a 204 has neither length nor body") {
  CHECK(bytes_of({.status = 204, .content_type = {}, .body = "no", .headers = {}}, {}) ==
        "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("http: the answer to HEAD has the length of the body that it lacks") {
  CHECK(bytes_of(text("hello"), {.head_only = true}) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

TEST_CASE("http: a connection that closes is announced, and one that HTTP/1.0 keeps") {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n";
  CHECK(bytes_of(text(""), {.keep_alive = false}) == head + "Connection: close\r\n\r\n");
  CHECK(bytes_of(text(""), {.keep_alive = false, .http_1_0 = true}) ==
        head + "Connection: close\r\n\r\n");
  CHECK(bytes_of(text(""), {.http_1_0 = true}) == head + "Connection: keep-alive\r\n\r\n");
}

TEST_CASE("http: each error code has its status and each status its phrase") {
  const std::vector<std::pair<Errc, int>> expected = {
      {Errc::kIo, 500},          {Errc::kInvalid, 400},      {Errc::kUnauthorized, 401},
      {Errc::kForbidden, 403},   {Errc::kNotFound, 404},     {Errc::kMethodNotAllowed, 405},
      {Errc::kTimeout, 408},     {Errc::kTooLarge, 413},     {Errc::kMediaType, 415},
      {Errc::kExpectation, 417}, {Errc::kHeadTooLarge, 431}, {Errc::kMethodUnknown, 501},
      {Errc::kOverloaded, 503},  {Errc::kBehind, 503},       {Errc::kVersion, 505},
      {Errc::kTooMany, 429}};
  for (const auto& [code, status] : expected) {
    CAPTURE(status);
    CHECK(status_of(code) == status);
    CHECK(reason_phrase(status) != "Unknown");
  }
}

TEST_CASE("http: a problem has what is known and no more") {
  const Response response = problem({.code = Errc::kNotFound, .detail = {}, .field = {}});
  CHECK(response.status == 404);
  CHECK(response.content_type == "application/problem+json");
  CHECK(response.body == "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}\n");
}

TEST_CASE("http: a problem tells where") {
  const Response response = problem({.code = Errc::kInvalid,
                                     .detail = "a \"bad\" topic",
                                     .field = "topic",
                                     .index = 0,
                                     .line = 1});
  CHECK(response.body ==
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
        "\"detail\":\"a \\\"bad\\\" topic\",\"field\":\"topic\",\"index\":0,\"line\":1}\n");
}

TEST_CASE("http: a problem is UTF-8 even where it quotes what is not") {
  const Response response =
      problem({.code = Errc::kInvalid, .detail = "bad '\xff'", .field = "\xc3\xa9"});
  CHECK(response.body.find("\"detail\":\"bad '?'\",\"field\":\"\xc3\xa9\"") != std::string::npos);
}

}  // namespace
}  // namespace ringcast::http::http_response_test
