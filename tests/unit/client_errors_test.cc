#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "cpp/src/errors.h"

namespace ringcast::client::client_errors_test {

namespace {

Error refused(int status, std::string body = {}, uint64_t retry_after_s = 0) {
  return refusal({.status = status,
                  .content_type = {},
                  .body = std::move(body),
                  .retry_after_s = retry_after_s});
}

}  // namespace

TEST_CASE("client: some statuses are worth another attempt") {
  for (const int status : {408, 429, 502, 503, 504}) {
    CHECK(refused(status).is_transient);
  }
  for (const int status : {302, 400, 401, 403, 404, 413, 415, 500, 501, 505, 507}) {
    CHECK_FALSE(refused(status).is_transient);
    CHECK(refused(status).code == Errc::kRefused);
    CHECK(refused(status).status == status);
  }
}

TEST_CASE("client: a lost connection is worth another attempt, a bad certificate is not") {
  for (const Errc code : {Errc::kNoConnection, Errc::kBroken, Errc::kTimeout, Errc::kNoToken}) {
    CHECK(make_error(code, "why").is_transient);
  }
  for (const Errc code : {Errc::kUnusable, Errc::kInvalid, Errc::kTooLarge, Errc::kClosed}) {
    CHECK_FALSE(make_error(code, "why").is_transient);
  }
}

TEST_CASE("client: the problem's detail is the message, else its title, else the status") {
  CHECK(refused(400, R"({"title":"T","detail":"D","index":1,"more":{"a":[1]}})").message ==
        "the broker answered 400: D");
  CHECK(refused(403, R"({"title":"T"})").message == "the broker answered 403: T");
  CHECK(refused(502, "<html>").message == "the broker answered 502");
}

TEST_CASE("client: where there is no problem, a short line of plain text is the message") {
  const auto said = [](std::string body, std::string type = "text/plain; charset=utf-8") {
    return refusal({.status = 400, .content_type = std::move(type), .body = std::move(body)})
        .message;
  };
  CHECK(said("This port speaks TLS\r\nmore") == "the broker answered 400: This port speaks TLS");
  CHECK(said(std::string(200, 'a')) == "the broker answered 400: " + std::string(200, 'a'));
  for (const std::string& body : {std::string(), std::string(201, 'a'), std::string("a\x1b[31m")}) {
    CHECK(said(body) == "the broker answered 400");
  }
  CHECK(said("This port speaks TLS", "text/html") == "the broker answered 400");
}

TEST_CASE("client: a problem names the type, the field and the line") {
  const Problem problem =
      read_problem(R"({"type":"Y","title":"T","detail":"D","field":"F","line":3,"accepted":2})");
  CHECK(problem.type == "Y");
  CHECK(problem.field == "F");
  CHECK(problem.line == 3U);
  CHECK(problem.accepted == 2U);
  CHECK_FALSE(read_problem(R"({"detail":"D"})").line);
  CHECK_FALSE(read_problem(R"({"detail":"D","line":-3})").line);
  CHECK_FALSE(read_problem(R"({"detail":"D","line":"3"})").line);
  CHECK_FALSE(read_problem(R"({"detail":"D","line":3)").line);
}

TEST_CASE("client: Retry-After is honoured up to an hour") {
  CHECK_FALSE(refused(503).retry_after_ms);
  CHECK(refused(503, {}, 3'599).retry_after_ms == 3'599'000U);
  CHECK(refused(503, {}, 3'600).retry_after_ms == 3'600'000U);
  CHECK(refused(503, {}, 3'601).retry_after_ms == 3'600'000U);
}

TEST_CASE("client: what goes into a header is printable ASCII") {
  CHECK_FALSE(check_header_value("it", " a~"));
  CHECK_FALSE(check_header_value("it", ""));
  for (const char* wrong : {"a\r\nb", "a\nb", "\t", "\x7f", "\xc3\xa4"}) {
    CHECK(check_header_value("it", wrong).code == Errc::kInvalid);
  }
}

}  // namespace ringcast::client::client_errors_test
