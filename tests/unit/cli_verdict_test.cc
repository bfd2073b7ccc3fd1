#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

#include "cli/verdict.h"

using namespace ringcast;
using namespace ringcast::cli;

namespace {

std::optional<Verdict> judge_status(int64_t status, std::string body = {}) {
  return judge(Response{.status = status, .content_type = {}, .body = std::move(body)});
}

}  // namespace

TEST_CASE("cli: 2xx is no failure") {
  CHECK_FALSE(judge_status(200));
  CHECK_FALSE(judge_status(204));
}

TEST_CASE("cli: some statuses are worth another attempt") {
  for (const int64_t status : {408, 429, 502, 503, 504}) {
    CHECK(judge_status(status)->is_transient);
  }
  for (const int64_t status : {302, 400, 401, 403, 404, 413, 415, 500, 501, 505, 507}) {
    CHECK_FALSE(judge_status(status)->is_transient);
    CHECK(judge_status(status)->code == ExitCode::kRefused);
  }
}

TEST_CASE("cli: the problem's detail is the message, else its title, else the status") {
  CHECK(judge_status(400, R"({"title":"T","detail":"D","index":1,"more":{"a":[1]}})")->text ==
        "the broker answered 400: D");
  CHECK(judge_status(403, R"({"title":"T"})")->text == "the broker answered 403: T");
  CHECK(judge_status(502, "<html>")->text == "the broker answered 502");
}

TEST_CASE("cli: a problem names the line of NDJSON") {
  CHECK(read_problem(R"({"detail":"D","line":3})").line == 3);
  CHECK(read_problem(R"({"detail":"D"})").line == -1);
  CHECK(read_problem(R"({"detail":"D","line":3)").line == -1);
}

TEST_CASE("cli: Retry-After is honoured up to an hour") {
  const auto wait_ms = [](uint64_t seconds) {
    return judge(Response{.status = 503, .content_type = {}, .body = {}, .retry_after_s = seconds})
        ->wait_ms;
  };
  CHECK(wait_ms(0) == 0);
  CHECK(wait_ms(3'599) == 3'599'000);
  CHECK(wait_ms(3'600) == 3'600'000);
  CHECK(wait_ms(3'601) == 3'600'000);
}

TEST_CASE("cli: a connection that fails is worth another attempt, a bad certificate is not") {
  const Result<Response> broken = fail(Errc::kIo, "refused");
  const Result<Response> silent = fail(Errc::kTimeout, "silent");
  const Result<Response> certificate = fail(Errc::kInvalid, "certificate");
  CHECK(judge(broken)->is_transient);
  CHECK(judge(silent)->is_transient);
  CHECK_FALSE(judge(certificate)->is_transient);
  CHECK(judge(certificate)->code == ExitCode::kCannotConnect);
  CHECK(judge(certificate)->text == "certificate");
}
