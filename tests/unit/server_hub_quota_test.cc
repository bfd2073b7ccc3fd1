// limits.topics_per_token: the topics that one client has created.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/connection.h"
#include "server/hub.h"
#include "support/fake_clock.h"
#include "support/fake_journal.h"

namespace ringcast::server::server_hub_quota_test {
namespace {

using Names = std::vector<std::string>;

Draft draft(Names topics, std::string_view key = "", std::string_view data = "x") {
  Draft made;
  made.event = sse::Event::encode({.data = data}, std::move(topics));
  made.key = key;
  return made;
}

Options with_limit(uint64_t topics_each) {
  Options made;
  made.policies.fallback.grace_ms = 0;
  made.limits.topics_per_token = topics_each;
  return made;
}

template <typename... Drafts>
std::vector<Draft> batch(Drafts... each) {
  std::vector<Draft> drafts;
  (drafts.push_back(std::move(each)), ...);
  return drafts;
}

Publisher publisher(std::string_view client) {
  return {client, client};
}

// A hub in memory, with a clock that only the test moves.
struct Desk {
  explicit Desk(const Options& options) : hub(options, "e", clock) {}

  template <typename... Drafts>
  Result<Receipt> publish(std::string_view client, Drafts... each) {
    std::vector<Draft> drafts = batch(std::move(each)...);
    return hub.publish(drafts, publisher(client), Hub::kNoWorker);
  }
  [[nodiscard]] uint64_t events(std::string_view topic) {
    const auto view = hub.view(topic);
    return view ? view->events : 0;
  }

  FakeClock clock;
  Hub hub;
};

// A hub on a journal; the test is the journal's thread.
struct JournalDesk {
  explicit JournalDesk(const Options& options, std::vector<topics::StoredTopic> stored = {})
      : hub(options, journal, clock) {
    journal.stored = std::move(stored);
    REQUIRE(hub.restore([](uint64_t, uint64_t) {}));
  }

  using Outcome = std::shared_ptr<std::optional<Result<Receipt>>>;
  template <typename... Drafts>
  Outcome submit(std::string_view client, Drafts... each) {
    std::vector<Draft> drafts = batch(std::move(each)...);
    auto outcome = std::make_shared<std::optional<Result<Receipt>>>();
    REQUIRE(hub.submit(drafts, publisher(client), {},
                       [outcome](Result<Receipt> receipt, const std::vector<Draft>& /*back*/) {
                         *outcome = std::move(receipt);
                       }));
    return outcome;
  }
  template <typename... Drafts>
  Result<Receipt> publish(std::string_view client, Drafts... each) {
    const Outcome outcome = submit(client, std::move(each)...);
    commit_all();
    REQUIRE(*outcome);
    return **outcome;
  }
  void commit_all() {
    do {
      REQUIRE(hub.commit());
    } while (hub.has_trims());
  }
  void clear(std::string_view topic) {
    hub.submit_clear(topic, [](const Result<Receipt>&, const std::vector<Draft>&) {});
  }

  FakeClock clock;
  FakeJournal journal;
  Hub hub;
};

// A reader of one topic, for as long as it lives.
struct Member {
  Member(Hub& at, const std::string& topic) : hub(at) {
    interest.patterns = {topic};
    REQUIRE(hub.open(interest, {}));
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { hub.leave(interest); }

  // Else its inbox keeps the topic.
  void take_news() const {
    News news;
    hub.take_news(0, news);
  }

  Hub& hub;
  topics::Interest interest;
};

bool is_too_many(const Result<Receipt>& receipt) {
  return !receipt && receipt.error().code == Errc::kTooMany;
}

TEST_CASE("quota: a client may create its topics and not one more") {
  Desk desk(with_limit(2));
  CHECK(desk.publish("ci", draft({"a"})));
  CHECK(desk.publish("ci", draft({"b"})));
  const auto refused = desk.publish("ci", draft({"c"}));
  REQUIRE(is_too_many(refused));
  CHECK(refused.error().detail ==
        "limits.topics_per_token: ci has created 2 topics that are still there");
  CHECK(refused.error().field == "topic");
  CHECK_FALSE(desk.hub.view("c"));
  CHECK(desk.publish("ci", draft({"a"}), draft({"a", "b"})));  // These are there.
  CHECK(desk.events("a") == 3);
}

TEST_CASE("quota: who is above it gets 429 and is told to come again") {
  Desk desk(with_limit(1));
  REQUIRE(desk.publish("ci", draft({"a"})));
  const auto refused = desk.publish("ci", draft({"b"}));
  REQUIRE(is_too_many(refused));
  const http::Response response = problem_for(refused.error());
  CHECK(response.status == 429);
  CHECK(response.body.find("\"title\":\"Too Many Requests\"") != std::string::npos);
  const std::pair<std::string, std::string> later("Retry-After", "1");
  CHECK(std::count(response.headers.begin(), response.headers.end(), later) == 1);
}

TEST_CASE("quota: a batch that would pass it in its middle stores nothing and counts nothing") {
  Desk desk(with_limit(3));
  REQUIRE(desk.publish("ci", draft({"a"}), draft({"b"})));
  std::vector<Draft> drafts = batch(draft({"a"}), draft({"c"}), draft({"c", "d"}), draft({"b"}));
  const auto refused = desk.hub.publish(drafts, publisher("ci"), Hub::kNoWorker);
  REQUIRE(is_too_many(refused));
  CHECK(refused.error().detail ==
        "limits.topics_per_token: ci has created 2 topics that are still there, and may have 3");
  CHECK(desk.events("a") == 1);
  CHECK_FALSE(desk.hub.view("c"));
  for (const Draft& each : drafts) {
    CHECK(each.event);
  }
  // What it needs once counts once, and the place is still free.
  CHECK(desk.publish("ci", draft({"c"}), draft({"c", "a"})));
  CHECK(is_too_many(desk.publish("ci", draft({"d"}))));
}

TEST_CASE("quota: clients are apart, and a topic counts for who was first") {
  Desk desk(with_limit(1));
  CHECK(desk.publish("ci", draft({"a"})));
  CHECK(desk.publish("192.0.2.1", draft({"a"})));
  CHECK(desk.publish("192.0.2.1", draft({"b"})));
  CHECK(is_too_many(desk.publish("192.0.2.1", draft({"c"}))));
  CHECK(is_too_many(desk.publish("ci", draft({"c"}))));
  CHECK(desk.publish("ci", draft({"b"})));
}

TEST_CASE("quota: it goes by the client, whatever the publisher's name is") {
  Desk desk(with_limit(1));
  for (const char* name : {"one", "two"}) {
    std::vector<Draft> drafts = batch(draft({name}));
    const auto receipt = desk.hub.publish(drafts, {name, "ci"}, Hub::kNoWorker);
    CHECK(is_too_many(receipt) == (name == std::string_view("two")));
  }
}

TEST_CASE("quota: a publisher without a client is not counted") {
  Desk desk(with_limit(1));
  for (const char* topic : {"a", "b", "c"}) {
    std::vector<Draft> drafts = batch(draft({topic}));
    CHECK(desk.hub.publish(drafts, "token", Hub::kNoWorker));
  }
  CHECK(desk.publish("ci", draft({"a"}), draft({"b"}), draft({"c"}), draft({"d"})));
}

TEST_CASE("quota: a comment creates no topic") {
  Desk desk(with_limit(1));
  REQUIRE(desk.publish("ci", draft({"a"})));
  Draft comment;
  comment.comment = desk.hub.budget().hold(std::string(":\n"));
  comment.comment_topics = {"b"};
  CHECK(desk.publish("ci", std::move(comment)));
}

TEST_CASE("quota: a repeat creates nothing, and is answered above it") {
  Desk desk(with_limit(1));
  REQUIRE(desk.publish("ci", draft({"a"}, "k")));
  REQUIRE(desk.hub.clear("a"));
  REQUIRE(desk.publish("ci", draft({"b"})));
  const auto repeat = desk.publish("ci", draft({"a"}, "k"));
  REQUIRE(repeat);
  CHECK(repeat->duplicates == 1);
  CHECK(is_too_many(desk.publish("ci", draft({"a"}, "other"))));
}

TEST_CASE("quota: a topic that is forgotten counts no more, after DELETE and after its age") {
  Options options = with_limit(1);
  options.policies.fallback.age_ms = 1000;
  options.policies.fallback.keep = 0;
  Desk desk(options);
  REQUIRE(desk.publish("ci", draft({"a"})));
  REQUIRE(desk.hub.clear("a"));
  REQUIRE(desk.publish("ci", draft({"b"})));
  desk.clock.advance(1000);
  CHECK(is_too_many(desk.publish("ci", draft({"c"}))));  // It is old, but still there.
  desk.hub.sweep(10);
  CHECK(desk.publish("ci", draft({"c"})));
  CHECK(is_too_many(desk.publish("ci", draft({"a"}))));  // What is left of it is no topic.
}

TEST_CASE("quota: a topic that comes back counts for who brings it back") {
  Desk desk(with_limit(1));
  REQUIRE(desk.publish("ci", draft({"a"})));
  REQUIRE(desk.hub.clear("a"));
  REQUIRE(desk.publish("other", draft({"a"})));
  CHECK(desk.publish("ci", draft({"b"})));
  CHECK(is_too_many(desk.publish("other", draft({"c"}))));
}

TEST_CASE("quota: a topic without events counts for as long as readers keep it") {
  Desk desk(with_limit(1));
  {
    const Member reader(desk.hub, "a");
    REQUIRE(desk.publish("ci", draft({"a"})));
    reader.take_news();
    REQUIRE(desk.hub.clear("a"));
    REQUIRE(desk.hub.view("a"));
    CHECK(is_too_many(desk.publish("ci", draft({"b"}))));
    CHECK(desk.publish("ci", draft({"a"})));  // Its own, once more.
    reader.take_news();
    REQUIRE(desk.hub.clear("a"));
  }
  CHECK(desk.publish("ci", draft({"b"})));
}

TEST_CASE("quota: a topic that readers named counts for who publishes first") {
  Desk desk(with_limit(1));
  const Member first(desk.hub, "a");
  const Member second(desk.hub, "b");
  CHECK(desk.publish("ci", draft({"a"})));
  CHECK(is_too_many(desk.publish("ci", draft({"b"}))));
  CHECK(desk.publish("other", draft({"b"})));
}

TEST_CASE("quota: a publish that has no room in memory leaves its places free") {
  Options options = with_limit(1);
  options.memory_bytes = 64 << 10;
  Desk desk(options);
  const std::string large(64 << 10, 'x');
  const auto refused = desk.publish("ci", draft({"a"}, "", large));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kOverloaded);
  CHECK(desk.publish("ci", draft({"b"})));
}

TEST_CASE("quota: a topic that goes to make room for its own next event counts again") {
  Options options = with_limit(1);
  options.memory_bytes = 64 << 10;
  Desk desk(options);
  const std::string large(40 << 10, 'x');
  REQUIRE(desk.publish("other", draft({"theirs"}, "", large)));
  REQUIRE(desk.publish("ci", draft({"mine"})));
  // It would be created anew, by a client that may create no more.
  CHECK(is_too_many(desk.publish("ci", draft({"theirs"}, "", large))));
  CHECK_FALSE(desk.hub.view("theirs"));
  // Who may, does.
  CHECK(desk.publish("other", draft({"theirs"}, "", large)));
  CHECK(is_too_many(desk.publish("other", draft({"more"}))));
}

TEST_CASE("quota: who has more than a lower limit keeps them, and a higher one is more") {
  Desk desk(with_limit(3));
  REQUIRE(desk.publish("ci", draft({"a"}), draft({"b"}), draft({"c"})));
  desk.hub.set_options(with_limit(2));
  CHECK(desk.publish("ci", draft({"a", "b", "c"})));
  const auto refused = desk.publish("ci", draft({"d"}));
  REQUIRE(is_too_many(refused));
  CHECK(refused.error().detail ==
        "limits.topics_per_token: ci has created 3 topics that are still there");
  REQUIRE(desk.hub.clear("a"));
  CHECK(is_too_many(desk.publish("ci", draft({"d"}))));
  REQUIRE(desk.hub.clear("b"));
  CHECK(desk.publish("ci", draft({"d"})));
  desk.hub.set_options(with_limit(3));
  CHECK(desk.publish("ci", draft({"e"})));
  CHECK(is_too_many(desk.publish("ci", draft({"f"}))));
}

TEST_CASE("quota: with a journal, too, and what is refused does not hold up its group") {
  JournalDesk desk(with_limit(2));
  const auto first = desk.submit("ci", draft({"a"}));
  const auto refused = desk.submit("ci", draft({"a"}), draft({"b"}), draft({"c"}));
  const auto other = desk.submit("other", draft({"c"}));
  const auto last = desk.submit("ci", draft({"b"}));
  CHECK(desk.hub.counts().topics == 0);  // A topic is created when it is written.
  desk.commit_all();
  CHECK(**first);
  REQUIRE(is_too_many(**refused));
  CHECK((*refused)->error().detail ==
        "limits.topics_per_token: ci has created 1 topics that are still there, and may have 2");
  CHECK(**other);
  CHECK(**last);
  CHECK(desk.hub.view("a")->events == 1);
  CHECK(desk.journal.rows.size() == 3);
  CHECK(is_too_many(desk.publish("ci", draft({"d"}))));
}

TEST_CASE("quota: what is refused leaves nothing in the journal") {
  JournalDesk desk(with_limit(1));
  CHECK(is_too_many(desk.publish("ci", draft({"a"}, "k"), draft({"b"}))));
  CHECK(desk.hub.counts().topics == 0);
  CHECK(desk.journal.writes == 0);
  CHECK(desk.publish("ci", draft({"a"}, "k"))->duplicates == 0);
}

TEST_CASE("quota: a failed write gives the places back, also of topics that stay for readers") {
  JournalDesk desk(with_limit(2));
  const Member reader(desk.hub, "read");
  desk.journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  const auto failed = desk.submit("ci", draft({"a"}), draft({"read"}));
  CHECK_FALSE(desk.hub.commit());
  REQUIRE(*failed);
  CHECK((*failed)->error().code == Errc::kStorage);
  CHECK_FALSE(desk.hub.view("a"));
  REQUIRE(desk.hub.view("read"));
  desk.journal.failure.reset();
  CHECK(desk.publish("ci", draft({"b"}), draft({"c"})));
  CHECK(desk.publish("other", draft({"read"}), draft({"a"})));
  CHECK(is_too_many(desk.publish("other", draft({"d"}))));
}

TEST_CASE("quota: a failed write keeps the places that topics had before") {
  JournalDesk desk(with_limit(1));
  REQUIRE(desk.publish("ci", draft({"a"})));
  desk.journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  desk.submit("ci", draft({"a"}));
  CHECK_FALSE(desk.hub.commit());
  desk.journal.failure.reset();
  CHECK(is_too_many(desk.publish("ci", draft({"b"}))));
}

TEST_CASE("quota: with a journal a deleted topic counts until its events have left the disk") {
  JournalDesk desk(with_limit(1));
  REQUIRE(desk.publish("ci", draft({"a"})));
  desk.clear("a");
  const auto same_group = desk.submit("ci", draft({"b"}));
  desk.commit_all();
  CHECK(is_too_many(**same_group));
  CHECK_FALSE(desk.hub.view("a"));
  CHECK(desk.publish("ci", draft({"b"})));
}

TEST_CASE("quota: topics that come back from the journal at the start count for nobody") {
  JournalDesk desk(with_limit(1), {{.row = {.number = 1, .name = "a"},
                                    .events = 1,
                                    .bytes = 20,
                                    .oldest_seq = 1,
                                    .newest_seq = 1,
                                    .nth = 1,
                                    .bytes_through = 20}});
  REQUIRE(desk.hub.view("a")->events == 1);
  CHECK(desk.publish("ci", draft({"a"})));
  CHECK(desk.publish("ci", draft({"b"})));
  CHECK(is_too_many(desk.publish("ci", draft({"c"}))));
}

}  // namespace
}  // namespace ringcast::server::server_hub_quota_test
