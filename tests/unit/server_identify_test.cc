#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "server/identify.h"

namespace ringcast::server::server_identify_test {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using From = Credential::From;

http::Request request_with(const Fields& fields, http::Method method = http::Method::kGet) {
  http::Request request;
  request.method = method;
  for (const auto& [name, value] : fields) {
    request.headers.emplace_back(name, value);
  }
  return request;
}

http::Target target_of(const std::string& text) {
  return *http::parse_target(text);
}

struct Found {
  From from = From::kNone;
  std::string token;
};

Found find(const Fields& fields, const std::string& target = "/events",
           const std::string& cookie = "t") {
  const http::Request request = request_with(fields);
  const http::Target parsed = target_of(target);
  const Result<Credential> found = find_credential(request, parsed, cookie);
  REQUIRE(found);
  return {found->from, std::string(found->token)};
}

Error error_of(const Fields& fields, const std::string& target = "/events") {
  const http::Request request = request_with(fields);
  const Result<Credential> found = find_credential(request, target_of(target), "t");
  REQUIRE_FALSE(found);
  return found.error();
}

TEST_CASE("credentials: the header, the query, then the cookie") {
  CHECK(find({}).from == From::kNone);
  CHECK(find({{"authorization", "Bearer abc"}}).token == "abc");
  CHECK(find({{"authorization", "bEARER   abc"}}).token == "abc");
  CHECK(find({}, "/events?access_token=abc").from == From::kQuery);
  CHECK(find({{"cookie", "a=b; t=abc; c=d"}}).token == "abc");
  CHECK(find({{"cookie", "t=abc"}, {"authorization", "Bearer x"}}).from == From::kHeader);
  CHECK(find({{"cookie", "t=abc"}}, "/events?access_token=x").from == From::kQuery);
}

TEST_CASE("credentials: only the cookie of the configured name counts") {
  CHECK(find({{"cookie", "xt=abc; tt=abc; t"}}).from == From::kNone);
  CHECK(find({{"cookie", "t=abc"}}, "/events", "").from == From::kNone);
  CHECK(find({{"cookie", "t="}}).from == From::kNone);
}

TEST_CASE("credentials: what is no bearer token is told") {
  CHECK(error_of({{"authorization", "Basic abc"}}).detail == "only Bearer tokens are understood");
  CHECK(error_of({{"authorization", "Bearer"}}).detail == "the token is missing");
  CHECK(error_of({{"authorization", "Bearer "}}).code == Errc::kUnauthorized);
  const Error both = error_of({{"authorization", "Bearer a"}}, "/events?access_token=a");
  CHECK(both.code == Errc::kInvalid);
}

TEST_CASE("challenge: no code where no token was shown, its fault where one was") {
  CHECK(challenge_for({.code = Errc::kUnauthorized, .detail = "x", .field = "topic"}) ==
        "Bearer realm=\"ringcast\"");
  CHECK(challenge_for({.code = Errc::kUnauthorized,
                       .detail = "unknown key id \"k\\7\"\n\xC3\xA4",
                       .field = "access_token"}) ==
        "Bearer realm=\"ringcast\", error=\"invalid_token\", "
        "error_description=\"unknown key id 'k'7''''\"");
  CHECK(challenge_for({.code = Errc::kForbidden, .detail = "d", .field = "topic"}) ==
        "Bearer realm=\"ringcast\", error=\"insufficient_scope\", error_description=\"d\"");
}

Status local(const Fields& fields, const Listening& listening = {.is_local = true}) {
  const http::Request head = request_with(fields);
  return check_local(head, client_of({}, {}, head), listening, {});
}

TEST_CASE("local rights: not for other sites' pages, foreign names and what a proxy forwarded") {
  CHECK(local({{"host", "localhost:8080"}}));
  CHECK(local({{"host", "127.0.0.1:8080"}, {"origin", "http://127.0.0.1:8080"}}));
  CHECK(local({{"host", "evil.example"}}).error().code == Errc::kForbidden);
  CHECK(local({{"host", "localhost"}, {"origin", "https://evil.example"}}).error().code ==
        Errc::kForbidden);
  CHECK(local({{"host", "localhost"}, {"x-forwarded-for", "127.0.0.1"}}).error().code ==
        Errc::kUnauthorized);
}

TEST_CASE("local rights: a unix socket has no name, but pages may still be behind a proxy to it") {
  const Listening unix{.is_local = true, .is_unix = true};
  CHECK(local({{"host", "whatever"}}, unix));
  CHECK_FALSE(local({{"host", "whatever"}, {"origin", "https://evil.example"}}, unix));
}

TEST_CASE("cookies: reading needs no origin, changing something an allowed one") {
  const Listening listening;
  Options options;
  options.cors_origins = {"https://app.example"};
  const auto check = [&](const Fields& fields, http::Method method) {
    return check_cookie_use(request_with(fields, method), listening, options);
  };
  CHECK(check({}, http::Method::kGet));
  CHECK(check({}, http::Method::kPost).error().code == Errc::kForbidden);
  CHECK(check({{"host", "a"}, {"origin", "https://evil.example"}}, http::Method::kDelete)
            .error()
            .code == Errc::kForbidden);
  CHECK(check({{"host", "a"}, {"origin", "https://app.example"}}, http::Method::kPut));
  CHECK(check({{"host", "a"}, {"origin", "http://a"}}, http::Method::kPost));
}

}  // namespace
}  // namespace ringcast::server::server_identify_test
