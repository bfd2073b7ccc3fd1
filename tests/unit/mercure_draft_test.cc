// What version 1.0 of the Mercure protocol (draft 08) sends and is sent.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "mercure/access_token.h"
#include "mercure/draft_document.h"
#include "mercure/hub_topics.h"
#include "mercure/match_query.h"
#include "mercure/selector.h"
#include "mercure/update_rules.h"

namespace ringcast::mercure::mercure_draft_test {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

const topics::Url& hub() {
  static const topics::Url url = *topics::parse_url("https://hub.example.com/.well-known/mercure");
  return url;
}

MatchQuery read(const Parameters& parameters) {
  auto query = read_match_query(parameters, &hub());
  REQUIRE_MESSAGE(query, query.error().detail);
  return *std::move(query);
}

// The parameter that was wrong, and why.
std::string refusal(const Parameters& parameters) {
  const auto query = read_match_query(parameters, &hub());
  REQUIRE_FALSE(query);
  CHECK(query.error().code == Errc::kInvalid);
  return query.error().field + ": " + query.error().detail;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("mercure: topic is of the stable dialect") {
  const MatchQuery query =
      read({{"topic", "https://example.com/{id}"}, {"topic", "*"}, {"x", "y"}});
  CHECK(query.dialect == Dialect::kStable);
  CHECK(query.selectors == std::vector<std::string>{"https://example.com/{id}", "*"});
  CHECK(query.matches.empty());
  CHECK_FALSE(query.last_event_id);
}

TEST_CASE("mercure: match is of the draft") {
  const MatchQuery query = read({{"match", "a"},
                                 {"match_exact", "https://example.com/:id"},
                                 {"match_urlpattern", "https://example.com/:id"},
                                 {"match_urlpattern", "/b/:id"},
                                 {"match_urlpattern", "*"}});
  CHECK(query.dialect == Dialect::kDraft);
  REQUIRE(query.matches.size() == 5);
  CHECK(query.matches[0].matches("a", &hub()));
  CHECK_FALSE(query.matches[0].matches("b", &hub()));
  CHECK(query.matches[1].matches("https://example.com/:id", &hub()));
  CHECK_FALSE(query.matches[1].matches("https://example.com/1", &hub()));
  CHECK(query.matches[2].matches("https://example.com/1", &hub()));
  CHECK_FALSE(query.matches[2].matches("https://example.com/1/2", &hub()));
  CHECK(query.matches[3].matches("/b/1", &hub()));
  CHECK(query.matches[3].matches("https://hub.example.com/b/1", &hub()));
  CHECK(query.matches[4].matches("anything at all", &hub()));
}

TEST_CASE("mercure: what is asked for twice counts once") {
  CHECK(read({{"topic", "a"}, {"topic", "a"}}).selectors.size() == 1);
  CHECK(read({{"match", "a"}, {"match_exact", "a"}}).matches.size() == 1);
  CHECK(read({{"match", "/a"}, {"match_urlpattern", "/a"}}).matches.size() == 2);
}

TEST_CASE("mercure: every other name that begins with match is refused") {
  for (const char* name : {"matchURLPattern", "match_", "match_regexp", "Match", "MATCH_EXACT",
                           "matches", "match_Exact"}) {
    CAPTURE(name);
    CHECK(has(refusal({{"match", "a"}, {name, "b"}}), std::string(name) + ": unknown matcher"));
    CHECK(has(refusal({{"topic", "a"}, {name, "b"}}), std::string(name) + ": unknown matcher"));
  }
}

TEST_CASE("mercure: a subscription speaks one dialect") {
  CHECK(has(refusal({{"topic", "a"}, {"match", "b"}}), "topic: topic is of version 8"));
  CHECK(has(refusal({{"topic", "a"}, {"last_event_id", "b"}}), "last_event_id: with topic"));
  CHECK(has(refusal({{"match", "a"}, {"lastEventID", "b"}}), "lastEventID: with match"));
  CHECK(has(refusal({}), "topic: nothing is subscribed to"));
  CHECK(has(refusal({{"lastEventID", "a"}}), "topic: nothing is subscribed to"));
}

TEST_CASE("mercure: each dialect has its own name for the last event id") {
  CHECK(read({{"topic", "a"}, {"lastEventID", ""}, {"lastEventID", "1"}}).last_event_id == "1");
  CHECK(read({{"match", "a"}, {"last_event_id", "1"}, {"last_event_id", "2"}}).last_event_id ==
        "1");
}

TEST_CASE("mercure: a subscription has at most 100 matchers") {
  for (const char* name : {"topic", "match", "match_urlpattern"}) {
    CAPTURE(name);
    Parameters parameters;
    for (int i = 0; i < 100; ++i) {
      parameters.emplace_back(name, "/" + std::to_string(i));
    }
    const MatchQuery query = read(parameters);
    CHECK(query.selectors.size() + query.matches.size() == 100);
    parameters.emplace_back(name, "/100");
    CHECK(has(refusal(parameters), "at most 100"));
  }
}

TEST_CASE("mercure: a matcher has 1 to 4096 bytes") {
  for (const char* name : {"topic", "match", "match_urlpattern"}) {
    CAPTURE(name);
    const std::string root = "/";
    read({{name, root + std::string(4094, 'a')}});
    read({{name, root + std::string(4095, 'a')}});
    CHECK(has(refusal({{name, root + std::string(4096, 'a')}}), "4096 bytes"));
    CHECK(has(refusal({{name, ""}}), name));
  }
}

TEST_CASE("mercure: a matcher has no characters that nobody sees") {
  for (const char* bad :
       {"a\nb", "a\x7f", "a\xC2\x85", "a\xE2\x80\x8B", "\xEF\xBB\xBFx", "a\xFF"}) {
    CHECK(has(refusal({{"match", bad}}), "match: must"));
    CHECK_FALSE(check_protocol_text(bad));
  }
  CHECK(check_protocol_text("caf\xC3\xA9 \xF0\x9F\x98\x80"));
}

TEST_CASE("mercure: a URL pattern that is none is refused, with the reason") {
  CHECK(has(refusal({{"match_urlpattern", "https://example.com/{"}}),
            "match_urlpattern: URL pattern: pathname: '{' without '}'"));
}

constexpr int64_t kNow = 1'000'000'000'000;

auth::JwtOptions options() {
  auth::JwtOptions out;
  out.audience = {"https://hub.example.com/.well-known/mercure"};
  out.issuer = "https://example.com";
  return out;
}

// A token's claims, with these details.
std::string claims(const std::string& details) {
  return R"({"iss":"https://example.com","aud":"https://hub.example.com/.well-known/mercure",)"
         R"("exp":1000000060,"sub":"me","authorization_details":[)" +
         details + "]}";
}

std::string detail(const std::string& members) {
  return R"({"type":"https://mercure.rocks/authorization-detail",)" + members + "}";
}

AccessToken token(const std::string& details) {
  auto out = read_access_token(claims(details), options(), &hub(), kNow);
  REQUIRE_MESSAGE(out, out.error().detail);
  return *std::move(out);
}

std::string token_refusal(const std::string& payload) {
  const auto out = read_access_token(payload, options(), &hub(), kNow);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == Errc::kUnauthorized);
  return out.error().detail;
}

TEST_CASE("mercure: an access token is of its own type") {
  CHECK(is_access_token_type("at+jwt"));
  CHECK(is_access_token_type("AT+JWT"));
  CHECK(is_access_token_type("application/at+jwt"));
  CHECK(is_access_token_type("Application/At+Jwt"));
  for (const char* typ : {"", "JWT", "jwt", "at+jwtx", "application/", "application/jwt"}) {
    CHECK_FALSE(is_access_token_type(typ));
  }
}

TEST_CASE("mercure: an access token grants actions on what its details match") {
  const AccessToken read = token(
      detail(
          R"("actions":["publish"],"topics":[{"match":"a"},{"match":"/b","match_type":"exact"}])") +
      "," +
      detail(R"("topics":[{"match_type":"urlpattern","match":"https://example.com/:id"}],)"
             R"("actions":["subscribe","other"],"payload":{"x" : [1]})"));
  CHECK(read.issuer == "https://example.com");
  CHECK(read.subject == "me");
  CHECK(read.expires_unix_ms == 1'000'000'060'000);
  CHECK(read.grants(Action::kPublish, "a", &hub()));
  CHECK(read.grants(Action::kPublish, "/b", &hub()));
  CHECK_FALSE(read.grants(Action::kSubscribe, "a", &hub()));
  CHECK(read.grants(Action::kSubscribe, "https://example.com/1", &hub()));
  CHECK_FALSE(read.grants(Action::kPublish, "https://example.com/1", &hub()));
  CHECK_FALSE(read.grants(Action::kSubscribe, "https://example.com/1/2", &hub()));
  CHECK(*read.details[1].payload == R"({"x":[1]})");
}

TEST_CASE("mercure: a star in an access token matches all topics") {
  const AccessToken read = token(detail(
      R"("actions":["publish","subscribe"],"topics":[{"match":"*","match_type":"urlpattern"}])"));
  CHECK(read.grants(Action::kPublish, "anything", &hub()));
  CHECK(read.grants(Action::kSubscribe, "anything", &hub()));
}

TEST_CASE("mercure: details of other types and actions that are not known grant nothing") {
  const AccessToken read = token(
      R"({"type":"tenant","topics":"acme","actions":{"read":true},"payload":1},{"topics":3},)" +
      detail(R"("actions":["delete"],"topics":[{"match":"*"}])"));
  CHECK(read.details.size() == 1);
  CHECK_FALSE(read.grants(Action::kPublish, "a", &hub()));
  CHECK_FALSE(read.grants(Action::kSubscribe, "a", &hub()));
}

TEST_CASE("mercure: a subscription gets the payload of the first detail that matches its matcher") {
  const AccessToken read = token(
      detail(R"("actions":["publish"],"topics":[{"match":"*"}],"payload":{"n":0})") + "," +
      detail(R"("actions":["subscribe"],"topics":[{"match":"a"}])") + "," +
      detail(
          R"("actions":["subscribe"],"topics":[{"match":"https://e.com/:id","match_type":"urlpattern"}],"payload":{"n":1})") +
      "," + detail(R"("actions":["subscribe"],"topics":[{"match":"*"}],"payload":{"n":2})"));
  CHECK(*read.payload_for("https://e.com/:id", &hub()) == R"({"n":1})");
  CHECK(*read.payload_for("b", &hub()) == R"({"n":2})");
  CHECK(read.payload_for("a", &hub()) == nullptr);
}

TEST_CASE("mercure: one bad detail spoils the token, and the error says which") {
  const std::string good = detail(R"("actions":["publish"],"topics":[{"match":"a"}])");
  const std::vector<std::pair<std::string, std::string>> bad = {
      {R"("topics":[{"match":"a"}])", "[1]: actions is missing"},
      {R"("actions":["publish"])", "[1]: topics is missing"},
      {R"("actions":[],"topics":[{"match":"a"}])", "[1].actions: must not be empty"},
      {R"("actions":"publish","topics":[{"match":"a"}])", "[1].actions: "},
      {R"("actions":[1],"topics":[{"match":"a"}])", "[1].actions: "},
      {R"("actions":["publish"],"topics":[])", "[1].topics: must not be empty"},
      {R"("actions":["publish"],"topics":["a"])", "[1].topics[0]: "},
      {R"("actions":["publish"],"topics":[null])", "[1].topics[0]: "},
      {R"("actions":["publish"],"topics":[{"match":"a"},{"match_type":"exact"}])",
       "[1].topics[1]: match is missing"},
      {R"("actions":["publish"],"topics":[{"match":""}])", "[1].topics[0]: a topic matcher"},
      {R"("actions":["publish"],"topics":[{"match":"a","match_type":"Exact"}])",
       "[1].topics[0]: match_type must be"},
      {R"("actions":["publish"],"topics":[{"match":"a{","match_type":"urlpattern"}])",
       "[1].topics[0]: URL pattern: "},
      {R"("actions":["publish"],"topics":[{"match":"a"}],"payload":"x")", "[1].payload: must be"},
      {R"("actions":["publish"],"actions":["subscribe"],"topics":[{"match":"a"}])",
       "[1]: the name \"actions\" is there twice"}};
  for (const auto& [members, why] : bad) {
    const std::string said = token_refusal(claims(good + "," + detail(members)));
    CHECK_MESSAGE(has(said, "authorization_details" + why), said);
  }
}

TEST_CASE("mercure: an access token has at most 100 details and 100 topics") {
  std::string topics;
  std::string details;
  for (int i = 0; i < 100; ++i) {
    topics += (i > 0 ? "," : "") + std::string(R"({"match":"a"})");
    details += (i > 0 ? "," : "") + detail(R"("actions":["publish"],"topics":[{"match":"a"}])");
  }
  const std::string begin = R"("actions":["publish"],"topics":[)";
  CHECK(token(detail(begin + topics + "]")).details[0].topics.size() == 100);
  CHECK(has(token_refusal(claims(detail(begin + topics + R"(,{"match":"a"}])"))),
            "more than 100 topics"));
  CHECK(token(details).details.size() == 100);
  CHECK(has(token_refusal(claims(details + "," + detail(begin + R"({"match":"a"}])"))),
            "more than 100 details"));
}

TEST_CASE("mercure: an access token is for this hub, from its issuer, and expires") {
  const std::string all = claims("");
  CHECK(read_access_token(all, options(), &hub(), kNow));
  const auto without = [&](const std::string& claim) {
    const size_t begin = all.find("\"" + claim + "\"");
    std::string rest = all;
    return rest.erase(begin, all.find(',', begin) + 1 - begin);
  };
  CHECK(has(token_refusal(without("aud")), "no audience"));
  CHECK(has(token_refusal(without("iss")), "no issuer"));
  CHECK(has(token_refusal(without("exp")), "no exp"));
  CHECK(read_access_token(without("sub"), options(), &hub(), kNow));
  CHECK_FALSE(read_access_token(all, options(), &hub(), kNow + 60'000));
  auth::JwtOptions others = options();
  others.audience = {"https://other.example.com/.well-known/mercure"};
  CHECK_FALSE(read_access_token(all, others, &hub(), kNow));
}

TEST_CASE("mercure: a token of the stable dialect grants nothing in the draft") {
  const auto read = read_access_token(
      R"({"iss":"https://example.com","aud":"https://hub.example.com/.well-known/mercure",)"
      R"("exp":1000000060,"mercure":{"publish":["*"],"subscribe":["*"]}})",
      options(), &hub(), kNow);
  REQUIRE(read);
  CHECK(read->details.empty());
}

TEST_CASE("mercure: subscriptions of the draft are told as JSON") {
  const std::string list = "/.well-known/mercure/subscriptions";
  const DraftSubscription one{.type = MatchType::kUrlPattern,
                              .match = "https://example.com/:id%",
                              .subscriber = "urn:uuid:1",
                              .payload = R"({"a":1})"};
  const std::string id = list + "/urlpattern/https%3A%2F%2Fexample.com%2F%3Aid%25/urn%3Auuid%3A1";
  const std::string body = R"({"id":")" + id +
                           R"(","type":"subscription","subscriber":"urn:uuid:1",)"
                           R"("match":"https://example.com/:id%","match_type":"urlpattern")";
  CHECK(draft_subscription_id(list, one) == id);
  CHECK(draft_subscription_event(list, one, true) == body + R"(,"active":true,"payload":{"a":1}})");
  CHECK(draft_subscription_event(list, one, false) ==
        body + R"(,"active":false,"payload":{"a":1}})");
  CHECK(draft_subscription_document(list, one, "e") ==
        body + R"(,"active":true,"payload":{"a":1},"last_event_id":"e"})");
  const DraftSubscription two{.match = "\"é\"", .subscriber = "s", .payload = {}};
  CHECK(draft_subscriptions_document(list, list, {one, two}, "earliest") ==
        R"({"id":"/.well-known/mercure/subscriptions","type":"subscriptions",)"
        R"("last_event_id":"earliest","subscriptions":[)" +
            draft_subscription_event(list, one, true) + "," +
            R"({"id":"/.well-known/mercure/subscriptions/exact/%22%C3%A9%22/s",)"
            R"("type":"subscription","subscriber":"s","match":"\"é\"","match_type":"exact",)"
            R"("active":true}]})");
  CHECK(has(draft_subscriptions_document(list, list, {}, "e"), R"("subscriptions":[]})"));
}

TEST_CASE("mercure: an update's id is none that the hub has another use for") {
  for (const char* id : {"", "1", "urn:uuid:1", "a#b", "Earliest", "é"}) {
    CHECK(check_update_id(id));
  }
  for (const char* id : {"#", "#1", "earliest", "a\nb", "a\rb", "a\x01", "a\xE2\x80\x8B", "\xFF"}) {
    const Status status = check_update_id(id);
    REQUIRE_FALSE(status);
    CHECK(status.error().field == "id");
  }
}

TEST_CASE("mercure: an update's type is not the hub's") {
  CHECK(check_update_type(""));
  CHECK(check_update_type("Mercure"));
  CHECK_FALSE(check_update_type("mercure"));
  CHECK_FALSE(check_update_type("a\nb"));
}

TEST_CASE("mercure: a URL pattern with another base is another matcher") {
  const auto other = *topics::parse_url("https://other.example/.well-known/mercure");
  const auto key = [](const topics::Url* base) {
    const auto match = read_topic_match(MatchType::kUrlPattern, "https://e.com/:id", base);
    REQUIRE(match);
    return read_selector(*match, base).matcher->key();
  };
  CHECK(key(&hub()) == key(&hub()));
  CHECK(key(&hub()) != key(&other));
  CHECK(key(&hub()) != key(nullptr));
}

TEST_CASE("mercure: topics below the hub are known in any spelling") {
  const HubTopics own("/.well-known/mercure", hub());
  for (const std::string topic :
       {"/.well-known/mercure", "/.well-known/mercure/subscriptions/a/b",
        "https://hub.example.com/.well-known/mercure/x", "http://other.example/.well-known/mercure",
        "/.well-known/%6Dercure/x", "/.well-known/%6D%65%72%63%75%72%65",
        "/.well-known/mercure/../mercure/x", "/a/../.well-known/mercure",
        "//other.example/.well-known/mercure", "mercure", "mercure/x", "./mercure?a#b",
        "\\.well-known\\mercure", "foo://h/.well-known/mercure", "urn:/.well-known/mercure/x"}) {
    CAPTURE(topic);
    CHECK(own.contains(topic));
  }
  for (const std::string topic :
       {"https://example.com/books/1", "/.well-known/mercurex", "/mercure", "a", "#mercure",
        "?mercure", "urn:.well-known/mercure/x", "/.well-known%2Fmercure",
        "https://ho st/.well-known/mercure", "/.Well-known/mercure",
        "/.well-known/x?/.well-known/mercure"}) {
    CAPTURE(topic);
    CHECK_FALSE(own.contains(topic));
  }
}

TEST_CASE("mercure: topics below the hub are known however its own URL is written") {
  for (const std::string url :
       {"https://h/.well-known/%6Dercure", "https://h/.well-known/mercure?x=1", "https://h/",
        "https://h", "https://h/a/../.well-known/mercure", "https://h/.well-known/mercure/more",
        "https://h/outside", "https://h/.well-known/mercure/"}) {
    CAPTURE(url);
    const HubTopics own("/.well-known/mercure", *topics::parse_url(url));
    CHECK(own.contains("https://h/.well-known/mercure/subscriptions/a/b"));
    CHECK(own.contains("/.well-known/./mercure/subscriptions"));
    CHECK(own.contains("/.well-known/%6Dercure/subscriptions"));
    CHECK_FALSE(own.contains("/.well-known/other"));
    CHECK_FALSE(own.contains("https://h/books/1"));
  }
  const HubTopics behind_a_proxy("/hub", *topics::parse_url("https://h/outside%20path/\u00e9"));
  CHECK(behind_a_proxy.contains("/hub/x"));
  CHECK(behind_a_proxy.contains("/outside path/\u00e9/x"));
  CHECK(behind_a_proxy.contains("\u00e9/x"));
  CHECK_FALSE(behind_a_proxy.contains("/outside path"));
  const HubTopics inside("/hub", *topics::parse_url("https://h/hub/inner"));
  CHECK(inside.contains("anything"));
  CHECK(HubTopics("//hub", *topics::parse_url("http://hub.invalid//hub")).contains("//hub/x"));
}

}  // namespace
}  // namespace ringcast::mercure::mercure_draft_test
