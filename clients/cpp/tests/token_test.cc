#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "auth/digest.h"
#include "harness/daemon.h"
#include "harness/jwt.h"
#include "harness/recorder.h"
#include "harness/scripted_broker.h"

namespace ringcast::client::test::token_test {
namespace {

using Strings = std::vector<std::string>;

std::vector<std::string> with_jwt() {
  return {"--set", "auth.jwt.algorithms=[HS256]",
          "--set", std::string("auth.jwt.key=\"") + kSecret + "\"",
          "--set", "stream.retry=100ms"};
}

ClientOptions with_source(const std::string& url, TokenSource source) {
  ClientOptions options;
  options.url = url;
  options.token_source = std::move(source);
  return options;
}

ClientOptions with_token(const std::string& url, const std::string& token) {
  ClientOptions options;
  options.url = url;
  options.token = token;
  return options;
}

}  // namespace

TEST_CASE("token: a stream outlives its tokens, and loses nothing") {
  const Daemon broker(with_jwt());
  TestLoop loop;
  size_t asked = 0;
  Client client = open_client(loop, with_source(broker.url(), [&](const TokenReply& reply) {
                                ++asked;
                                reply(jwt(1));  // It counts until the end of the next second.
                              }));
  Client publisher = open_client(loop, with_token(broker.url(), jwt(600)));
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  size_t published = 0;
  while (recorder.times(State::kOpen) < 3) {
    publish_numbers(loop, publisher, "t", published, published + 1);
    ++published;
    loop.run_until("the event", [&] { return recorder.events.size() >= published; });
  }
  CHECK(recorder.data() == numbers(0, published));
  CHECK(asked >= 3);  // On a busy machine a token can be old before it was sent.
  CHECK(recorder.gaps.empty());
}

TEST_CASE("token: a publish with an expired token is sent again with a fresh one") {
  const Daemon broker(with_jwt());
  TestLoop loop;
  size_t asked = 0;
  Client client = open_client(loop, with_source(broker.url(), [&](const TokenReply& reply) {
                                reply(jwt(asked++ == 0 ? -10 : 600));
                              }));
  CHECK(publish(loop, client, event("t", "x")));
  CHECK(publish(loop, client, event("t", "y")));
  CHECK(asked == 2);
}

TEST_CASE("token: 401 with a fresh token is final, with the broker's reason") {
  const Daemon broker(with_jwt());
  TestLoop loop;
  size_t asked = 0;
  Client client = open_client(loop, with_source(broker.url(), [&](const TokenReply& reply) {
                                ++asked;
                                reply(jwt(-10));
                              }));
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the end", [&] { return recorder.end.has_value(); });
  CHECK(recorder.end->status == 401);
  CHECK(recorder.end->problem.detail.find("expired") != std::string::npos);
  CHECK(asked == 2);
  const auto refused = publish(loop, client, event("t", "x"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().status == 401);
}

TEST_CASE("token: without a source 401 is final at once") {
  const Daemon broker(with_jwt());
  TestLoop loop;
  for (const std::string& token : {std::string(), jwt(-10), std::string("nonsense")}) {
    Client client = open_client(loop, with_token(broker.url(), token));
    Recorder recorder;
    const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
    loop.run_until("the end", [&] { return recorder.end.has_value(); });
    CHECK(recorder.end->status == 401);
    CHECK_FALSE(recorder.end->problem.detail.empty());
  }
}

TEST_CASE("token: what a token does not grant is 403, with what is granted") {
  const std::string token = "a token of some length";
  const Daemon broker({"--set", "auth.tokens=[{name: narrow, sha256: \"" +
                                    auth::hex(auth::sha256(token)) +
                                    "\", publish: [], subscribe: [\"a/**\"]}]"});
  TestLoop loop;
  Client client = open_client(loop, with_token(broker.url(), token));
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("b"), recorder.handlers());
  loop.run_until("the end", [&] { return recorder.end.has_value(); });
  CHECK(recorder.end->status == 403);
  CHECK(recorder.end->problem.detail.find("a/**") != std::string::npos);
  CHECK(publish(loop, client, event("a/1", "x")).error().status == 403);
}

TEST_CASE("token: the source may reply later, once for all who wait") {
  TestLoop loop;
  ScriptedBroker broker(loop, {answer(200, R"({"id":"e-1"})"), held_stream(": hello\n\n")});
  std::vector<TokenReply> replies;
  Client client = open_client(loop, with_source(broker.url(), [&](TokenReply reply) {
                                replies.push_back(std::move(reply));
                              }));
  bool is_published = false;
  client.publish(event("t", "x"), [&](const Result<Receipt>& r) { is_published = r.has_value(); });
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the question", [&] { return replies.size() == 1 && !recorder.changes.empty(); });
  CHECK(broker.requests().empty());
  replies[0]("one");
  replies[0]("two");  // One reply counts.
  CHECK(broker.requests().empty());
  loop.run_until("both", [&] { return is_published && recorder.is_open(); });
  CHECK(replies.size() == 1);
  for (const SeenRequest& request : broker.requests()) {
    CHECK(request.header("authorization") == "Bearer one");
  }
}

TEST_CASE("token: a source that has none is asked again, one that gives nonsense is not") {
  TestLoop loop;
  ScriptedBroker broker(loop, {held_stream(": hello\n\n")});
  Strings tokens{"", "", "good"};
  size_t asked = 0;
  Client client = open_client(
      loop, with_source(broker.url(), [&](const TokenReply& reply) { reply(tokens.at(asked++)); }));
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the stream", [&] { return recorder.is_open(); });
  CHECK(asked == 3);
  CHECK(recorder.times(State::kWaiting) == 2);
  CHECK(recorder.changes[1].error.code == Errc::kNoToken);

  Client wrong = open_client(
      loop, with_source(broker.url(), [](const TokenReply& reply) { reply("two\r\nlines"); }));
  CHECK(publish(loop, wrong, event("t", "x")).error().code == Errc::kInvalid);
  CHECK(broker.requests().size() == 1);
}

TEST_CASE("token: a reply after the client has gone does nothing") {
  TestLoop loop;
  TokenReply late;
  {
    Client client = open_client(loop, with_source("http://127.0.0.1:9", [&](TokenReply reply) {
                                  late = std::move(reply);
                                }));
    client.publish(event("t", "x"),
                   [](const Result<Receipt>& /*r*/) { FAIL_CHECK("nobody is told"); });
    loop.run_until("the question", [&] { return late != nullptr; });
  }
  late("token");
  uv_run(loop.raw(), UV_RUN_DEFAULT);
  late("token");
}

}  // namespace ringcast::client::test::token_test
