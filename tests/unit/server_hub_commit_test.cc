#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/hub.h"
#include "sse/blocks.h"
#include "support/fake_clock.h"
#include "support/fake_journal.h"

namespace ringcast::server::server_hub_commit_test {
namespace {

using Names = std::vector<std::string>;

Draft draft(Names topics, std::string_view key = "", std::string_view data = "x") {
  Draft made;
  made.event = sse::Event::encode({.data = data}, std::move(topics));
  made.key = key;
  return made;
}

Options options() {
  Options made{.workers = 2};
  made.policies.fallback.grace_ms = 0;
  return made;
}

struct Outcome {
  std::optional<Result<Receipt>> receipt;
  std::vector<Draft> drafts;  // That came back.
};
using OutcomeRef = std::shared_ptr<Outcome>;

// A hub on a journal; the test is the journal's thread.
struct Desk {
  explicit Desk(Options hub_options = options(), topics::JournalStart start = {.epoch = "e"})
      : journal(std::move(start)), hub(hub_options, journal, clock) {
    REQUIRE(hub.restore([](uint64_t, uint64_t) {}));
  }

  template <typename... Drafts>
  OutcomeRef submit_as(const std::string& request_key, Drafts... each) {
    std::vector<Draft> drafts;
    (drafts.push_back(std::move(each)), ...);
    auto outcome = std::make_shared<Outcome>();
    const Status taken = hub.submit(drafts, "me", request_key, done(outcome));
    if (!taken) {
      outcome->receipt = Failure{taken.error()};
      outcome->drafts = std::move(drafts);
    }
    return outcome;
  }
  template <typename... Drafts>
  OutcomeRef submit(Drafts... each) {
    return submit_as({}, std::move(each)...);
  }
  static Published done(const OutcomeRef& outcome) {
    return [outcome](Result<Receipt> receipt, std::vector<Draft> back) {
      outcome->receipt = std::move(receipt);
      outcome->drafts = std::move(back);
    };
  }
  [[nodiscard]] uint64_t events(std::string_view topic) {
    const auto view = hub.view(topic);
    return view ? view->events : 0;
  }
  [[nodiscard]] uint64_t visible() {
    News news;
    hub.take_news(0, news);
    return news.visible;
  }
  void commit_all() {
    do {
      REQUIRE(hub.commit());
    } while (hub.has_trims());
  }
  void commit_until_answered(const OutcomeRef& outcome) {
    for (int group = 0; !outcome->receipt; ++group) {
      const auto committed = hub.commit();
      REQUIRE_MESSAGE(committed, committed.error().detail);
      REQUIRE(group < 1000);
    }
  }

  FakeClock clock;
  FakeJournal journal;
  Hub hub;
};

std::string id_of(const OutcomeRef& outcome) {
  REQUIRE(outcome->receipt);
  REQUIRE_MESSAGE(*outcome->receipt, outcome->receipt->error().detail);
  return (*outcome->receipt)->last_id;
}

Errc code_of(const OutcomeRef& outcome) {
  REQUIRE(outcome->receipt);
  REQUIRE_FALSE(*outcome->receipt);
  return outcome->receipt->error().code;
}

TEST_CASE("commit: nothing is visible or answered before it is written") {
  Desk desk;
  const OutcomeRef one = desk.submit(draft({"a"}));
  const OutcomeRef two = desk.submit(draft({"a", "b"}), draft({"b"}));
  CHECK_FALSE(one->receipt);
  CHECK(desk.events("a") == 0);
  CHECK(desk.visible() == 0);
  REQUIRE(*desk.hub.commit());
  CHECK(desk.journal.writes == 1);  // One group.
  CHECK(id_of(one) == "e-1");
  CHECK((*two->receipt)->first_id == "e-2");
  CHECK(id_of(two) == "e-3");
  CHECK(desk.events("a") == 2);
  CHECK(desk.events("b") == 2);
  CHECK(desk.visible() == 3);
  CHECK_FALSE(*desk.hub.commit());  // There is nothing more.
}

TEST_CASE("commit: what could not be written was never there, and its seqs are not used again") {
  Desk desk;
  id_of([&] {
    const OutcomeRef first = desk.submit(draft({"a"}));
    desk.commit_all();
    return first;
  }());
  const int64_t memory = desk.hub.budget().used();
  desk.journal.failure = Error{.code = Errc::kStorageFull, .detail = "full"};
  const OutcomeRef refused = desk.submit(draft({"a"}, "k"), draft({"new"}));
  CHECK_FALSE(desk.hub.commit());
  CHECK(code_of(refused) == Errc::kStorageFull);
  REQUIRE(refused->drafts.size() == 2);
  CHECK(refused->drafts[0].event);
  CHECK(desk.events("a") == 1);
  CHECK_FALSE(desk.hub.view("new"));
  CHECK(desk.visible() == 1);
  refused->drafts.clear();
  CHECK(desk.hub.budget().used() == memory);
  // It works again by itself, and the key is free.
  desk.journal.failure.reset();
  const OutcomeRef later = desk.submit(draft({"a"}, "k"));
  desk.commit_all();
  CHECK((*later->receipt)->duplicates == 0);
  CHECK(id_of(later) == "e-4");
  CHECK(desk.journal.events.back().nth == 2);  // The count has no hole.
}

TEST_CASE("commit: a repeat gets the first answer, within a group and after it") {
  Desk desk;
  const OutcomeRef first = desk.submit(draft({"a"}, "k"));
  const OutcomeRef second = desk.submit(draft({"a"}, "k", "other"));
  const OutcomeRef whole = desk.submit_as("r", draft({"a"}));
  const OutcomeRef again = desk.submit_as("r", draft({"b"}), draft({"b"}));
  desk.commit_all();
  CHECK(id_of(first) == "e-1");
  CHECK(id_of(second) == "e-1");
  CHECK((*second->receipt)->duplicates == 1);
  CHECK(id_of(whole) == "e-2");
  CHECK(id_of(again) == "e-2");
  CHECK((*again->receipt)->duplicates == 1);
  CHECK(desk.journal.keys_written == 2);
  const OutcomeRef third = desk.submit(draft({"a"}, "k"));
  desk.journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  CHECK_FALSE(*desk.hub.commit());  // A repeat needs no disk.
  CHECK(id_of(third) == "e-1");
}

TEST_CASE("commit: a repeat of what fails in the same group fails with it") {
  Desk desk;
  desk.journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  const OutcomeRef first = desk.submit(draft({"a"}, "k"));
  const OutcomeRef second = desk.submit(draft({"a"}, "k"));
  CHECK_FALSE(desk.hub.commit());
  CHECK(code_of(first) == Errc::kStorage);
  CHECK(code_of(second) == Errc::kStorage);
}

TEST_CASE("commit: more than journal.pending does not wait, but one publish always does") {
  Options small = options();
  small.commit.pending_bytes = 1;
  Desk desk(small);
  const OutcomeRef first = desk.submit(draft({"a"}));
  const OutcomeRef second = desk.submit(draft({"a"}));
  CHECK(code_of(second) == Errc::kBehind);
  CHECK(second->drafts.size() == 1);
  desk.commit_all();
  CHECK(id_of(first) == "e-1");
}

TEST_CASE("commit: what does not fit is refused alone, the others of the group are written") {
  Options small = options();
  small.limits.topics = 1;
  Desk desk(small);
  const OutcomeRef first = desk.submit(draft({"a"}));
  const OutcomeRef refused = desk.submit(draft({"b"}));
  const OutcomeRef third = desk.submit(draft({"a"}));
  desk.commit_all();
  CHECK(id_of(first) == "e-1");
  CHECK(code_of(refused) == Errc::kOverloaded);
  CHECK(refused->drafts.size() == 1);
  CHECK(id_of(third) == "e-2");
}

TEST_CASE("commit: while what was acknowledged cannot be synced, nothing is taken") {
  Desk desk;
  desk.hub.set_storage_error(Error{.code = Errc::kStorage, .detail = "sync"});
  CHECK(code_of(desk.submit(draft({"a"}))) == Errc::kStorage);
  desk.hub.set_storage_error(std::nullopt);
  const OutcomeRef taken = desk.submit(draft({"a"}));
  desk.commit_all();
  CHECK(id_of(taken) == "e-1");
}

TEST_CASE("commit: a DELETE is answered when it is written, and tried again when it is not") {
  Desk desk;
  desk.submit(draft({"a"}), draft({"a", "b"}));
  desk.commit_all();
  const auto first = std::make_shared<Outcome>();
  desk.hub.submit_clear("a", Desk::done(first));
  CHECK(desk.events("a") == 0);  // For readers, at once.
  desk.journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  CHECK_FALSE(desk.hub.commit());
  CHECK(code_of(first) == Errc::kStorage);
  desk.journal.failure.reset();
  const auto second = std::make_shared<Outcome>();
  desk.hub.submit_clear("a", Desk::done(second));
  desk.commit_all();
  REQUIRE(second->receipt);
  CHECK(*second->receipt);
  CHECK(desk.journal.rows.begin()->second.deleted_high == 2);
  REQUIRE(desk.journal.events.size() == 1);  // The other topic keeps its event.
  CHECK(desk.journal.events[0].seq == 2);
  const auto unknown = std::make_shared<Outcome>();
  desk.hub.submit_clear("nobody/knows/it", Desk::done(unknown));
  desk.commit_all();
  CHECK(*unknown->receipt);
}

TEST_CASE("commit: retain says what leaves the journal, by count, bytes and age, oldest first") {
  Options hub_options = options();
  hub_options.policies.fallback.retain = {.events = 3, .age_ms = 60'000};
  hub_options.policies.rules = {
      {.match = "small", .policy = {.grace_ms = 0, .retain = {.bytes = 60}}}};
  Desk desk(hub_options);
  for (int number = 0; number < 5; ++number) {
    desk.submit(draft({"a"}), draft({"small"}));
  }
  desk.commit_all();
  CHECK(desk.events("a") == 3);
  CHECK(desk.events("small") == 3);  // Of 20 bytes each.
  CHECK(desk.hub.view("a")->oldest == "e-5");
  CHECK(desk.journal.events.size() == 6);
  desk.clock.advance(60'000);
  desk.hub.sweep(100);
  desk.commit_all();
  CHECK(desk.events("a") == 0);
  CHECK(desk.events("small") == 3);  // Its age has another bound.
}

TEST_CASE(
    "commit: when the files are nearly full the oldest events of all go, whatever retain says") {
  Options hub_options = options();
  hub_options.policies.fallback.keep = 5;
  Desk desk(hub_options);
  for (int number = 0; number < 5; ++number) {
    desk.submit(draft({"a"}), draft({"b"}));
  }
  desk.commit_all();
  CHECK(desk.journal.events.size() == 10);
  desk.journal.disk.used_bytes = desk.journal.disk.limit_bytes;
  desk.submit(draft({"c"}));
  REQUIRE(desk.hub.commit());
  CHECK(desk.events("a") == 0);
  CHECK(desk.events("b") == 0);
  CHECK(desk.events("c") == 1);
  desk.journal.disk.used_bytes = 0;
  desk.submit(draft({"a"}));
  desk.commit_all();
  CHECK(desk.events("a") == 1);
}

TEST_CASE("commit: for space it takes as few steps from many topics as from one") {
  constexpr size_t kTopics = 50;
  Desk desk(options());
  for (size_t number = 0; number < 20 * kTopics; ++number) {
    desk.submit(draft({"t" + std::to_string(number % kTopics)}));
  }
  desk.commit_all();
  REQUIRE(desk.journal.events.size() == 20 * kTopics);
  desk.journal.disk.used_bytes = desk.journal.disk.limit_bytes;
  for (int step = 0; step < 12; ++step) {
    const size_t before = desk.journal.events.size();
    REQUIRE(desk.hub.commit());
    CHECK(before - desk.journal.events.size() >= std::min<size_t>(before, 64));
  }
  CHECK(desk.journal.events.empty());
}

// Of about so many bytes in the journal.
Draft large(size_t bytes) {
  return draft({"large"}, "", std::string(bytes, 'x'));
}

// A journal of 1,000,000 bytes that is nearly full of events with 100 bytes each. Of those, 1,024
// leave in one step.
void fill(Desk& desk) {
  desk.journal.capacity = 1'000'000;
  for (int round = 0; round < 20; ++round) {
    OutcomeRef outcome;
    for (int number = 0; number < 600; ++number) {
      outcome = desk.submit(draft({"t" + std::to_string(number % 7)}, "", std::string(92, 'x')));
    }
    desk.commit_until_answered(outcome);
  }
  REQUIRE(desk.journal.usage().used_bytes > 900'000);
}

TEST_CASE("commit: a publish that needs much room waits until the oldest events have left") {
  Desk desk;
  fill(desk);
  for (int number = 0; number < 20; ++number) {
    const OutcomeRef outcome = desk.submit(large(200'000));
    desk.commit_until_answered(outcome);
    id_of(outcome);
    CHECK(desk.journal.usage().used_bytes > 750'000);  // No more than had to leave.
  }
  CHECK(desk.events("large") >= 4);
}

TEST_CASE("commit: publishes that find no room together are all taken, in their order") {
  Desk desk;
  fill(desk);
  const uint64_t before = desk.visible();
  std::vector<OutcomeRef> outcomes;
  for (int number = 0; number < 20; ++number) {
    outcomes.push_back(desk.submit(large(200'000)));
  }
  desk.commit_until_answered(outcomes.back());
  for (size_t index = 0; index < outcomes.size(); ++index) {
    CHECK(id_of(outcomes[index]) == "e-" + std::to_string(before + index + 1));
  }
}

TEST_CASE("commit: what the journal could never hold is refused, and costs at most a quarter") {
  Desk desk;
  fill(desk);
  const OutcomeRef outcome = desk.submit(large(1'500'000));
  while (!outcome->receipt) {
    (void)desk.hub.commit();
  }
  CHECK(code_of(outcome) == Errc::kStorageFull);
  CHECK(desk.journal.usage().used_bytes > 700'000);
}

TEST_CASE("commit: who waits for room is told when the disk fails meanwhile") {
  Desk desk;
  fill(desk);
  desk.journal.failure = Error{.code = Errc::kStorageFull, .detail = "the disk is full"};
  const OutcomeRef outcome = desk.submit(large(200'000));
  for (int group = 0; group < 3 && !outcome->receipt; ++group) {
    CHECK_FALSE(desk.hub.commit());
  }
  CHECK(code_of(outcome) == Errc::kStorageFull);
  desk.journal.failure.reset();
  const OutcomeRef later = desk.submit(large(200'000));
  desk.commit_until_answered(later);
  id_of(later);
}

TEST_CASE("commit: large events leave in steps of a few, small ones in steps of many") {
  Options hub_options = options();
  hub_options.policies.fallback.retain = {.events = 1};
  hub_options.policies.fallback.grace_ms = 1000;
  Desk desk(hub_options);
  for (int number = 0; number < 20; ++number) {
    desk.submit(large(1 << 20));
  }
  OutcomeRef outcome;
  for (int number = 0; number < 2000; ++number) {
    outcome = desk.submit(draft({"small"}));
  }
  desk.commit_until_answered(outcome);
  desk.clock.advance(1000);
  desk.hub.sweep(100);
  size_t steps = 0;
  while (desk.hub.has_trims()) {
    const size_t before = desk.journal.events.size();
    REQUIRE(desk.hub.commit());
    CHECK(before - desk.journal.events.size() <= 1024);
    ++steps;
  }
  CHECK(desk.journal.events.size() == 2);
  CHECK(steps >= 8);
  CHECK(steps <= 16);
}

TEST_CASE("commit: what live readers have not been served does not leave the journal") {
  Options hub_options = options();
  hub_options.policies.fallback.retain = {.events = 1};
  Desk desk(hub_options);
  topics::Interest interest;
  interest.patterns = {"a"};
  REQUIRE(desk.hub.open(interest, {}));
  desk.submit(draft({"a"}), draft({"a"}), draft({"a"}));
  desk.commit_all();
  CHECK(desk.events("a") == 3);
  desk.hub.set_pumped(0, 2);
  desk.hub.sweep(100);
  desk.commit_all();
  CHECK(desk.events("a") == 1);
  desk.hub.leave(interest);
}

TEST_CASE("commit: a reader that resumes before a hole is told, at the hole and once") {
  Desk desk(options(), {.epoch = "e", .last_seq = 30, .holes = {{5, 10}, {20, 30}}});
  topics::Interest interest;
  interest.patterns = {"a"};
  const auto opening = desk.hub.open(interest, {.last_event_id = "e-7"});
  REQUIRE(opening);
  CHECK_FALSE(opening->gap);
  topics::Reader reader = opening->reader;
  topics::Slice slice = desk.hub.read(interest, reader, 30, false);
  REQUIRE(slice.loss);
  CHECK(slice.loss->by_crash);
  CHECK_FALSE(slice.loss->missed);
  CHECK(slice.end == 20);  // And no further than the next.
  CHECK(slice.resumed >= 10);
  reader.cursor = slice.end;
  slice = desk.hub.read(interest, reader, 30, false);
  CHECK(slice.loss->by_crash);
  CHECK(slice.end == 30);
  reader.cursor = slice.end;
  CHECK_FALSE(desk.hub.read(interest, reader, 30, false).loss);
  // Who asks for what is there is told nothing.
  const auto since = desk.hub.open(interest, {.since = {.kind = topics::Since::Kind::kEarliest}});
  topics::Reader other = since->reader;
  other.cursor = 3;
  CHECK_FALSE(desk.hub.read(interest, other, 30, false).loss);
  desk.hub.leave(interest);
}

TEST_CASE("hub: an event of the broker is not written, and its seq is not used again") {
  Desk desk;
  const OutcomeRef own = desk.submit(draft({"$sys/stats"}));
  REQUIRE(desk.hub.commit());
  CHECK((*own->receipt)->last_id == "e-1");
  CHECK(desk.journal.writes == 0);
  CHECK(desk.journal.reserved == 1);
}

TEST_CASE("hub: events of the broker go on while the journal fails") {
  Desk desk;
  desk.journal.failure = Error{.code = Errc::kStorage, .detail = "broken"};
  desk.hub.set_storage_error(desk.journal.failure);
  const OutcomeRef refused = desk.submit(draft({"a"}));
  CHECK_FALSE(refused->receipt->has_value());
  desk.hub.set_storage_error(std::nullopt);
  const OutcomeRef failed = desk.submit(draft({"a"}));
  desk.hub.set_storage_error(desk.journal.failure);
  const OutcomeRef own = desk.submit(draft({"$sys/stats"}));
  CHECK_FALSE(desk.hub.commit());
  CHECK_FALSE(failed->receipt->has_value());
  REQUIRE(own->receipt->has_value());
  CHECK(desk.hub.view("$sys/stats")->events == 1);
}

}  // namespace
}  // namespace ringcast::server::server_hub_commit_test
