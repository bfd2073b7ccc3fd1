#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mercure/selector.h"
#include "mercure/subscription_document.h"
#include "mercure/token_claims.h"
#include "mercure/update_form.h"
#include "server/urn.h"
#include "sse/blocks.h"
#include "support/fake_clock.h"

namespace ringcast::mercure::mercure_rules_test {
namespace {

constexpr int64_t kNow = 1'795'255'200'000;  // 2026-11-21T10:00:00Z
using Texts = std::vector<std::string>;

std::string refusal(const std::string& payload) {
  const auto claims = read_token_claims(payload, kNow);
  if (claims) {
    return "accepted";
  }
  CHECK(claims.error().code == Errc::kUnauthorized);
  return claims.error().detail;
}

TEST_CASE("mercure: a token says what it grants, and who has it") {
  const auto claims = read_token_claims(
      R"({"mercure":{"publish":["a","b/{c}"],"subscribe":["*"],"payload":{"x": [1, "ü"]},"other":1},)"
      R"("sub":"ann","exp":1795255201,"aud":"x","iss":"y"})",
      kNow);
  REQUIRE(claims);
  CHECK(claims->publish == Texts{"a", "b/{c}"});
  CHECK(claims->subscribe == Texts{"*"});
  CHECK(claims->payload == R"({"x":[1,"ü"]})");
  CHECK(claims->subject == "ann");
  CHECK(claims->expires_unix_ms == kNow + 1000);
}

TEST_CASE("mercure: the namespaced claim goes before the short one, wherever it stands") {
  const std::string short_one = R"("mercure":{"publish":["short"]})";
  const std::string long_one = R"("https://mercure.rocks/":{"publish":["long"]})";
  for (const std::string& payload :
       {"{" + short_one + "," + long_one + "}", "{" + long_one + "," + short_one + "}"}) {
    CHECK(read_token_claims(payload, kNow)->publish == Texts{"long"});
  }
}

TEST_CASE("mercure: a token without grants, or with null, grants nothing") {
  CHECK(read_token_claims("{}", kNow)->publish.empty());
  CHECK(read_token_claims(R"({"mercure":{"publish":null,"subscribe":[]}})", kNow)->publish.empty());
}

TEST_CASE("mercure: a claim that is not what it must be is refused and named") {
  CHECK(refusal(R"({"mercure":[]})").starts_with("the claim \"mercure\": "));
  CHECK(refusal(R"({"mercure":{"publish":"*"}})").find("publish: ") != std::string::npos);
  CHECK(refusal(R"({"mercure":{"subscribe":[1]}})").find("subscribe: ") != std::string::npos);
  CHECK(refusal(R"({"mercure":{"publish":["a"],"publish":["b"]}})").find("twice") !=
        std::string::npos);
  CHECK(refusal(R"({"exp":1795255200})").starts_with("the token expired at "));
  CHECK(refusal(R"({"nbf":1795255201})").starts_with("not yet valid"));
  CHECK(refusal(R"({"exp":"soon"})") != "accepted");
  CHECK(refusal("[]") != "accepted");
}

TEST_CASE("mercure: a selector is all, a template, or a topic") {
  const auto matches = [](std::string_view selector, std::string_view topic) {
    const auto selectors = select({std::string(selector)});
    return selectors->matches(topic);
  };
  CHECK(matches("*", "any"));
  CHECK_FALSE(matches("*", "$sys/stats"));
  CHECK(matches("https://example.com/books/{id}", "https://example.com/books/1"));
  CHECK(matches("https://example.com/books/{id}", "https://example.com/books/{id}"));
  CHECK_FALSE(matches("https://example.com/books/{id}", "https://example.com/books/1/2"));
  CHECK(matches("open{", "open{"));
  CHECK_FALSE(matches("open{", "open{x"));
  CHECK(matches("a", "a"));
  CHECK_FALSE(matches("a", "ab"));
  CHECK(select({}) == nullptr);
}

TEST_CASE("mercure: all but a topic and what is below it") {
  const auto matcher = match_all_but("/hub");
  CHECK(matcher->matches("a"));
  CHECK(matcher->matches("/hubs"));
  CHECK_FALSE(matcher->matches("/hub"));
  CHECK_FALSE(matcher->matches("/hub/a"));
  CHECK(matcher->key() != match_all_but("/other")->key());
}

TEST_CASE("mercure: a form is read field by field") {
  const auto form = read_update_form(
      "topic=https%3A%2F%2Fexample.com%2F1&topic=b&topic=b&data=hi+%2B%0A there&type=t&id=i&retry=5"
      "&private&other=x&data=second&&");
  REQUIRE(form);
  CHECK(form->topics == Texts{"https://example.com/1", "b"});
  CHECK(form->data == "hi +\n there");
  CHECK(form->type == "t");
  CHECK(form->id == "i");
  CHECK(form->retry_ms == 5);
  CHECK(form->is_private);
}

TEST_CASE("mercure: what is wrong with a form is named") {
  const auto field_of = [](const std::string& body) {
    const auto form = read_update_form(body);
    REQUIRE_FALSE(form);
    CHECK(form.error().code == Errc::kInvalid);
    return form.error().field;
  };
  CHECK(field_of("") == "topic");
  CHECK(field_of("data=x") == "topic");
  CHECK(field_of("topic=a&data=%4") == "data");
  CHECK(field_of("topic=a&retry=-1") == "retry");
  std::string many = "topic=0";
  for (size_t i = 1; i < kMostTopics; ++i) {
    many += "&topic=" + std::to_string(i);
  }
  CHECK(read_update_form(many));
  CHECK(field_of(many + "&topic=more") == "topic");
}

TEST_CASE("mercure: subscriptions are named by topic and subscriber, percent-encoded") {
  CHECK(encode_segment("https://a/{b}~é") == "https%3A%2F%2Fa%2F%7Bb%7D~%C3%A9");
  CHECK(subscription_id("/hub/subscriptions", "a/b", "urn:x") ==
        "/hub/subscriptions/a%2Fb/urn%3Ax");
  const SubscriptionEntry entry{.topic = "a\"b", .subscriber = "s", .payload = "[1]"};
  CHECK(subscription_event("/l", entry, false) ==
        R"({"@context":"https://mercure.rocks/","id":"/l/a%22b/s","type":"Subscription",)"
        R"("subscriber":"s","topic":"a\"b","active":false,"payload":[1]})");
  CHECK(subscriptions_document("/l", "/l/x", {}, "e-1") ==
        R"({"@context":"https://mercure.rocks/","id":"/l/x","type":"Subscriptions",)"
        R"("lastEventID":"e-1","subscriptions":[]})"
        "\n");
}

TEST_CASE("server: a new URN has the time, the version and the variant, and differs each time") {
  FakeClock clock;
  const std::string urn = server::new_urn(clock);
  REQUIRE(urn.size() == 45);
  CHECK(urn.starts_with("urn:uuid:"));
  const std::string time = urn.substr(9, 8) + urn.substr(18, 4);
  CHECK(std::stoull(time, nullptr, 16) == static_cast<uint64_t>(clock.unix_ms()));
  CHECK(urn[23] == '7');
  CHECK(std::string("89ab").find(urn[28]) != std::string::npos);
  CHECK(server::new_urn(clock) != urn);
}

TEST_CASE("sse: a block as Mercure hubs write it has its fields in their order") {
  const auto sealed = [](const sse::EventFields& fields) {
    auto event = sse::Event::encode(fields, {"t"});
    event->seal("k3f9a", 42, 0);
    return sse::mercure_block(*event);
  };
  CHECK(sealed({.type = "t", .id = "i", .retry_ms = 500, .data = "a\n\nb"}) ==
        "event: t\nretry: 500\nid: i\ndata: a\ndata: \ndata: b\n\n");
  CHECK(sealed({.data = "x"}) == "id: k3f9a-42\ndata: x\n\n");
}

}  // namespace
}  // namespace ringcast::mercure::mercure_rules_test
