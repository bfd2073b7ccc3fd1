#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/admission.h"

namespace ringcast::server::server_admission_test {
namespace {

using Ticket = Admission::Ticket;

std::vector<Ticket> take(Admission& admission, std::string_view client, size_t count) {
  std::vector<Ticket> tickets;
  for (size_t i = 0; i < count; ++i) {
    tickets.push_back(admission.admit(client));
    REQUIRE(tickets.back());
  }
  return tickets;
}

TEST_CASE("server: a client gets its places and not one more") {
  Admission admission(3);
  const auto tickets = take(admission, "a", 2);
  const Ticket last = admission.admit("a");
  CHECK(last);
  CHECK_FALSE(admission.admit("a"));
  CHECK(admission.places_of("a") == 3);
}

TEST_CASE("server: clients have places of their own") {
  Admission admission(1);
  const Ticket a = admission.admit("a");
  const Ticket b = admission.admit("b");
  const Ticket zero = admission.admit(std::string_view("a\0", 2));
  CHECK(a);
  CHECK(b);
  CHECK(zero);
  CHECK(admission.size() == 3);
}

TEST_CASE("server: a ticket gives its place back at its end") {
  Admission admission(1);
  {
    const Ticket ticket = admission.admit("a");
    CHECK_FALSE(admission.admit("a"));
  }
  CHECK(admission.admit("a"));
}

TEST_CASE("server: a ticket that moves is one place all the time") {
  Admission admission(2);
  Ticket first = admission.admit("a");
  Ticket moved = std::move(first);
  CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): it says that it is empty.
  CHECK(moved);
  CHECK(admission.places_of("a") == 1);
  Ticket other = admission.admit("b");
  other = std::move(moved);
  CHECK(admission.places_of("a") == 1);
  CHECK(admission.places_of("b") == 0);
  other = {};
  CHECK(admission.places_of("a") == 0);
}

TEST_CASE("server: who holds no place takes no memory") {
  Admission admission(5);
  {
    const auto tickets = take(admission, "a", 5);
    CHECK(admission.size() == 1);
  }
  CHECK(admission.size() == 0);
  admission.set_places(0);
  CHECK_FALSE(admission.admit("a"));
  CHECK(admission.size() == 0);
}

TEST_CASE("server: fewer places leave those that are held, and give no others") {
  Admission admission(3);
  auto tickets = take(admission, "a", 3);
  admission.set_places(2);
  CHECK(admission.places_of("a") == 3);
  tickets.pop_back();
  CHECK_FALSE(admission.admit("a"));
  tickets.pop_back();
  CHECK(admission.admit("a"));
  admission.set_places(4);
  const auto more = take(admission, "a", 3);
  CHECK_FALSE(admission.admit("a"));
}

TEST_CASE("server: a ticket is as small as a pointer") {
  CHECK(sizeof(Ticket) == sizeof(void*));
}

TEST_CASE("server: places stay right when many threads take and give them") {
  Admission admission(4);
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string own = std::to_string(i);
      for (int turn = 0; turn < 2000; ++turn) {
        const Ticket shared = admission.admit("shared");
        const Ticket mine = admission.admit(own);
        is_over = is_over || admission.places_of("shared") > 4 || !mine || !shared;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_FALSE(is_over);
  CHECK(admission.size() == 0);
}

TEST_CASE("server: a publisher may create its topics and not one more") {
  TopicQuota quota(2);
  CHECK(quota.claim("me", "a"));
  CHECK(quota.claim("me", "b"));
  CHECK_FALSE(quota.claim("me", "c"));
  CHECK(quota.topics_of("me") == 2);
  CHECK(quota.claim("you", "c"));
}

TEST_CASE("server: a topic counts once, for who created it") {
  TopicQuota quota(1);
  CHECK(quota.claim("me", "a"));
  CHECK(quota.claim("me", "a"));
  CHECK(quota.claim("you", "a"));
  CHECK(quota.topics_of("me") == 1);
  CHECK(quota.topics_of("you") == 0);
  CHECK(quota.is_counted("a"));
  CHECK(quota.size() == 1);
}

TEST_CASE("server: a topic that was refused to its publisher leaves nothing behind") {
  TopicQuota quota(1);
  CHECK(quota.claim("me", "a"));
  CHECK_FALSE(quota.claim("me", "b"));
  CHECK_FALSE(quota.is_counted("b"));
  CHECK(quota.size() == 1);
  quota.release("a");
  CHECK(quota.size() == 0);
}

TEST_CASE("server: with a lower quota a publisher keeps its topics and gets no other") {
  TopicQuota quota(3);
  CHECK(quota.claim("me", "a"));
  CHECK(quota.claim("me", "b"));
  quota.set_topics(1);
  CHECK(quota.topics_each() == 1);
  CHECK(quota.topics_of("me") == 2);
  CHECK(quota.claim("me", "a"));
  quota.release("b");
  CHECK_FALSE(quota.claim("me", "b"));
}

TEST_CASE("server: a topic that is gone counts no more") {
  TopicQuota quota(1);
  CHECK(quota.claim("me", "a"));
  CHECK_FALSE(quota.claim("me", "b"));
  quota.release("b");  // It was never counted.
  CHECK_FALSE(quota.claim("me", "b"));
  quota.release("a");
  CHECK(quota.topics_of("me") == 0);
  CHECK(quota.claim("me", "b"));
  quota.set_topics(2);
  CHECK(quota.claim("me", "a"));
}

}  // namespace
}  // namespace ringcast::server::server_admission_test
