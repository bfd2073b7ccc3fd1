#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/cors.h"

namespace ringcast::server::server_cors_test {
namespace {

using Origins = std::vector<std::string>;

http::Request from(const std::string& origin) {
  http::Request request;
  if (!origin.empty()) {
    request.headers.emplace_back("Origin", origin);
  }
  return request;
}

std::string header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) {
      return value;
    }
  }
  return "(none)";
}

TEST_CASE("server: without configured origins no CORS header is sent") {
  CHECK(cors_headers(from("https://a.example"), {}).empty());
  CHECK(cors_headers(from(""), {}).empty());
}

TEST_CASE("server: a listed origin gets itself back, with credentials") {
  const Origins origins = {"https://a.example", "https://b.example:8443"};
  for (const std::string& origin : origins) {
    CAPTURE(origin);
    const Headers headers = cors_headers(from(origin), origins);
    CHECK(header(headers, "Access-Control-Allow-Origin") == origin);
    CHECK(header(headers, "Access-Control-Allow-Credentials") == "true");
    CHECK(header(headers, "Vary") == "Origin");
  }
}

TEST_CASE("server: an origin that is not listed exactly is told nothing, but the answer varies") {
  const Origins origins = {"https://a.example"};
  for (const char* origin :
       {"https://a.example.evil.example", "http://a.example", "https://a.example:443",
        "https://a.exampl", "https://A.example", "null", "*", ""}) {
    CAPTURE(origin);
    CHECK(cors_headers(from(origin), origins) == Headers{{"Vary", "Origin"}});
  }
}

TEST_CASE("server: the star lets every origin read, never with credentials") {
  for (const char* origin : {"https://a.example", "null", ""}) {
    CAPTURE(origin);
    CHECK(cors_headers(from(origin), {"*"}) == Headers{{"Access-Control-Allow-Origin", "*"}});
  }
}

TEST_CASE("server: OPTIONS is answered with 204 and Allow, without a body") {
  const http::Response response = options_response(from(""), "GET, HEAD, OPTIONS", {});
  CHECK(response.status == 204);
  CHECK(response.body.empty());
  CHECK(response.headers == Headers{{"Allow", "GET, HEAD, OPTIONS"}});
}

TEST_CASE("server: a preflight of a listed origin learns what it may send") {
  for (const Origins& origins : {Origins{"https://a.example"}, Origins{"*"}}) {
    const http::Response response =
        options_response(from("https://a.example"), "GET, POST, OPTIONS", origins);
    CHECK(response.status == 204);
    CHECK(header(response.headers, "Access-Control-Allow-Methods") == "GET, POST, OPTIONS");
    CHECK(header(response.headers, "Access-Control-Allow-Headers") ==
          "authorization, content-type, last-event-id, cache-control, idempotency-key");
    CHECK(header(response.headers, "Access-Control-Max-Age") != "(none)");
    // cors_headers() come with every answer and are not doubled here.
    CHECK(header(response.headers, "Access-Control-Allow-Origin") == "(none)");
  }
}

TEST_CASE("server: a preflight of another origin learns only the methods that Allow names") {
  const http::Response response =
      options_response(from("https://evil.example"), "GET, OPTIONS", {"https://a.example"});
  CHECK(response.status == 204);
  CHECK(response.headers == Headers{{"Allow", "GET, OPTIONS"}});
}

}  // namespace
}  // namespace ringcast::server::server_cors_test
