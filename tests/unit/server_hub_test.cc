#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/hub.h"
#include "sse/blocks.h"
#include "support/fake_clock.h"

namespace ringcast::server::server_hub_test {
namespace {

using Names = std::vector<std::string>;

Draft draft(Names topics, std::string_view key = "", std::string_view data = "x") {
  Draft made;
  made.event = sse::Event::encode({.data = data}, std::move(topics));
  made.key = key;
  return made;
}

Draft comment(Hub& hub, Names topics) {
  Draft made;
  made.comment = hub.budget().hold(sse::comment_block("psst"));
  made.comment_topics = std::move(topics);
  return made;
}

// A hub with a clock that stands still.
struct TestHub {
  explicit TestHub(Options options = {.workers = 2}) : hub(options, "e", clock) {}

  template <typename... Drafts>
  Result<Receipt> publish(Drafts... each) {
    std::vector<Draft> drafts;
    (drafts.push_back(std::move(each)), ...);
    return hub.publish(drafts, "me", Hub::kNoWorker);
  }
  [[nodiscard]] uint64_t events(std::string_view topic) {
    const auto view = hub.view(topic);
    return view ? view->events : 0;
  }

  FakeClock clock;
  Hub hub;
};

// A subscription of one worker, for as long as it lives.
struct Member {
  Member(Hub& at, Names patterns, uint32_t worker = 0) : hub(at) {
    interest.patterns = std::move(patterns);
    interest.worker = worker;
    REQUIRE(hub.open(interest, {}));
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { hub.leave(interest); }

  Hub& hub;
  topics::Interest interest;
};

TEST_CASE("server: a batch gets one seq after the other") {
  TestHub test;
  const auto receipt = test.publish(draft({"a"}), draft({"b"}), draft({"a"}));
  REQUIRE(receipt);
  CHECK(receipt->accepted == 3);
  CHECK(receipt->duplicates == 0);
  CHECK(receipt->first_id == "e-1");
  CHECK(receipt->last_id == "e-3");
  CHECK(test.hub.view("a")->oldest == "e-1");
  CHECK(test.hub.view("a")->newest == "e-3");
}

TEST_CASE("server: a comment is accepted, and neither stored nor given an id") {
  TestHub test;
  const auto receipt = test.publish(comment(test.hub, {"a"}));
  REQUIRE(receipt);
  CHECK(receipt->accepted == 1);
  CHECK(receipt->first_id.empty());
  CHECK_FALSE(test.hub.view("a"));
}

TEST_CASE("server: a batch that needs too many topics is refused as a whole, and untouched") {
  Options options;
  options.limits.topics = 3;
  TestHub test(options);
  REQUIRE(test.publish(draft({"a"}), draft({"b"})));
  std::vector<Draft> drafts;
  drafts.push_back(draft({"a"}));
  drafts.push_back(draft({"c", "d"}));
  const auto receipt = test.hub.publish(drafts, "me", Hub::kNoWorker);
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == Errc::kOverloaded);
  CHECK(test.events("a") == 1);
  CHECK(test.events("c") == 0);
  CHECK(drafts[0].event != nullptr);
  CHECK(drafts[1].event != nullptr);
}

TEST_CASE("server: topics that hold events are allowed up to the limit") {
  Options options;
  options.limits.topics = 3;
  TestHub test(options);
  CHECK(test.publish(draft({"a"}), draft({"b"})));
  CHECK(test.publish(draft({"c"}), draft({"c"})));
  CHECK_FALSE(test.publish(draft({"d"})));
  CHECK(test.publish(draft({"c", "a"})));
  REQUIRE(test.hub.clear("b"));
  CHECK(test.publish(draft({"d"})));
}

TEST_CASE("server: a topic with subscribers only does not count in the limit") {
  Options options;
  options.limits.topics = 1;
  TestHub test(options);
  const Member a(test.hub, {"a"});
  const Member b(test.hub, {"b"});
  CHECK(test.publish(draft({"c"})));
  CHECK_FALSE(test.publish(draft({"a"})));
}

TEST_CASE("server: a batch larger than the memory is refused, and evicts nothing") {
  TestHub test({.memory_bytes = 64 << 10});
  REQUIRE(test.publish(draft({"a"})));
  const auto receipt = test.publish(draft({"a"}, "", std::string(64 << 10, 'x')));
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == Errc::kOverloaded);
  CHECK(test.events("a") == 1);
}

TEST_CASE("server: old events make room for new ones when memory is out") {
  TestHub test({.memory_bytes = 64 << 10});
  for (int left = 100; left > 0; --left) {
    REQUIRE(test.publish(draft({"a"}, "", std::string(2000, 'x'))));
    CHECK(test.hub.budget().used() <= test.hub.budget().limit() + 4096);
  }
  CHECK(test.events("a") > 10);
  CHECK(test.hub.view("a")->newest == "e-100");
}

TEST_CASE("server: a repeat within the window is answered like the first") {
  TestHub test;
  REQUIRE(test.publish(draft({"a"}, "k")));
  test.clock.advance(299'999);
  const auto repeat = test.publish(draft({"a"}, "k", "something else"));
  REQUIRE(repeat);
  CHECK(repeat->accepted == 1);
  CHECK(repeat->duplicates == 1);
  CHECK(repeat->last_id == "e-1");
  CHECK(test.events("a") == 1);
  test.clock.advance(1);
  CHECK(test.publish(draft({"a"}, "k"))->duplicates == 0);
}

TEST_CASE("server: repeats within one batch are stored once") {
  TestHub test;
  const auto receipt =
      test.publish(draft({"a"}, "k"), draft({"a"}, "k"), draft({"b"}, "k"), draft({"a"}, "l"));
  REQUIRE(receipt);
  CHECK(receipt->accepted == 4);
  CHECK(receipt->duplicates == 1);
  CHECK(receipt->last_id == "e-3");
  CHECK(test.events("a") == 2);
  CHECK(test.events("b") == 1);
}

TEST_CASE("server: a refused publish frees its idempotency key") {
  Options options;
  options.limits.topics = 1;
  TestHub test(options);
  REQUIRE(test.publish(draft({"a"})));
  REQUIRE_FALSE(test.publish(draft({"b"}, "k")));
  REQUIRE(test.hub.clear("a"));
  const auto receipt = test.publish(draft({"b"}, "k"));
  REQUIRE(receipt);
  CHECK(receipt->duplicates == 0);
  CHECK(test.events("b") == 1);
}

TEST_CASE("server: a repeat is answered even when there is no room for what is new") {
  Options options{.workers = 1};
  options.limits.topics = 1;
  TestHub test(options);
  REQUIRE(test.publish(draft({"a"}, "k")));
  test.hub.clear("a");
  REQUIRE(test.publish(draft({"b"})));

  const auto repeat = test.publish(draft({"a"}, "k"));
  REQUIRE(repeat);
  CHECK(repeat->duplicates == 1);
  CHECK_FALSE(test.publish(draft({"a"}, "other")));
}

TEST_CASE("server: somebody else's idempotency key is another one") {
  TestHub test;
  REQUIRE(test.publish(draft({"a"}, "k")));
  std::vector<Draft> drafts;
  drafts.push_back(draft({"a"}, "k"));
  const auto receipt = test.hub.publish(drafts, "you", Hub::kNoWorker);
  REQUIRE(receipt);
  CHECK(receipt->duplicates == 0);
}

TEST_CASE("server: a worker is woken once for its topics until it takes its news") {
  TestHub test;
  int woken[2] = {};
  test.hub.set_waker(0, [&] { ++woken[0]; });
  test.hub.set_waker(1, [&] { ++woken[1]; });
  const Member member(test.hub, {"a"}, 1);
  REQUIRE(test.publish(draft({"b"})));
  CHECK(woken[1] == 0);
  REQUIRE(test.publish(draft({"a"}), draft({"a"})));
  REQUIRE(test.publish(draft({"a"})));
  CHECK(woken[0] == 0);
  CHECK(woken[1] == 1);
  CHECK(test.hub.has_news(1));
  News news;
  test.hub.take_news(1, news);
  CHECK_FALSE(test.hub.has_news(1));
  REQUIRE(test.publish(draft({"a"})));
  CHECK(woken[1] == 2);
}

TEST_CASE("server: the worker that publishes is not woken, and finds its news") {
  TestHub test;
  int woken = 0;
  test.hub.set_waker(0, [&] { ++woken; });
  const Member member(test.hub, {"a"});
  std::vector<Draft> drafts;
  drafts.push_back(draft({"a"}));
  REQUIRE(test.hub.publish(drafts, "me", 0));
  CHECK(woken == 0);
  CHECK(test.hub.has_news(0));
}

TEST_CASE("server: news name what is visible, who has news, and in which topics") {
  TestHub test;
  const Member both(test.hub, {"a", "b/*"});
  const Member other(test.hub, {"c"});
  const Member elsewhere(test.hub, {"a"}, 1);
  REQUIRE(test.publish(draft({"a"}), draft({"b/x", "a"}), draft({"d"})));
  News news;
  test.hub.take_news(0, news);
  CHECK(news.visible == 3);
  REQUIRE(news.interests.size() == 1);
  CHECK(news.interests[0] == &both.interest);
  CHECK(both.interest.news.size() == 2);
}

TEST_CASE("server: a comment goes to those who want the topic, patterns of a new topic too") {
  TestHub test;
  const Member exact(test.hub, {"a"});
  Member pattern(test.hub, {"*"});
  const Member other(test.hub, {"b/*"});
  News news;
  REQUIRE(test.publish(comment(test.hub, {"a"})));
  test.hub.take_news(0, news);
  REQUIRE(news.comments.size() == 1);
  CHECK(news.comments[0].interests.size() == 2);
  REQUIRE(test.publish(comment(test.hub, {"unborn"})));
  test.hub.take_news(0, news);
  REQUIRE(news.comments.size() == 1);
  CHECK(news.comments[0].interests == std::vector<topics::Interest*>{&pattern.interest});
}

TEST_CASE("server: a reader opens at what is committed, and since never asks for the lost") {
  TestHub test;
  REQUIRE(test.publish(draft({"a"}), draft({"a"})));
  topics::Interest interest;
  interest.patterns = {"a"};
  auto opening = test.hub.open(interest, {});
  REQUIRE(opening);
  CHECK(opening->reader.cursor == 2);
  CHECK(opening->committed == 2);
  REQUIRE(test.hub.clear("a"));
  opening = test.hub.open(
      interest, {.last_event_id = "", .since = {.kind = topics::Since::Kind::kNewest, .count = 9}});
  CHECK_FALSE(test.hub.read(interest, opening->reader, 2, false).loss);
  opening = test.hub.open(interest, {.last_event_id = "e-0", .since = {}});
  REQUIRE(test.hub.read(interest, opening->reader, 2, false).loss);
  CHECK_FALSE(test.hub.read(interest, opening->reader, 2, false).loss);  // Told once.
  test.hub.leave(interest);
}

TEST_CASE("server: DELETE says whether there is such a topic") {
  TestHub test;
  CHECK_FALSE(test.hub.clear("a"));
  REQUIRE(test.publish(draft({"a"})));
  CHECK(test.hub.clear("a"));
  CHECK_FALSE(test.hub.view("a"));
  CHECK(test.hub.counts().tombstones == 1);
}

TEST_CASE("server: topics are listed in pages, by prefix, as far as they may be seen") {
  TestHub test;
  REQUIRE(test.publish(draft({"a"}), draft({"b/1"}), draft({"b/2"}), draft({"b/3"}), draft({"c"})));
  const auto names = [&](std::string_view prefix, std::string_view after, size_t limit,
                         bool& more) {
    Names found;
    for (const TopicView& view : test.hub.list(
             prefix, after, limit, [](std::string_view name) { return name != "b/2"; }, more)) {
      found.push_back(view.name);
    }
    return found;
  };
  bool more = false;
  CHECK(names("", "", 2, more) == Names{"a", "b/1"});
  CHECK(more);
  CHECK(names("", "b/1", 2, more) == Names{"b/3", "c"});
  CHECK_FALSE(more);
  CHECK(names("b/", "", 10, more) == Names{"b/1", "b/3"});
  CHECK_FALSE(more);
  CHECK(names("b/", "a", 1, more) == Names{"b/1"});
  CHECK(more);
}

TEST_CASE("server: a page of history says what is missing before it, and whether there is more") {
  TestHub test;
  REQUIRE(test.publish(draft({"a"}), draft({"b"}), draft({"a"}), draft({"a"})));
  const auto page = [&](const char* after, size_t limit) {
    topics::Interest interest;
    interest.patterns = {"a"};
    return *test.hub.history(interest, {.last_event_id = after, .since = {}}, limit);
  };
  CHECK(page("e-0", 2).slice.events.size() == 2);
  CHECK(page("e-0", 2).more);
  CHECK(page("e-3", 2).slice.events.size() == 1);
  CHECK_FALSE(page("e-3", 2).more);
  CHECK_FALSE(page("e-0", 2).gap);
  CHECK(page("garbage", 2).gap == sse::GapReason::kUnknown);
  REQUIRE(test.hub.clear("a"));
  CHECK(page("e-0", 2).gap == sse::GapReason::kDeleted);
}

}  // namespace
}  // namespace ringcast::server::server_hub_test
