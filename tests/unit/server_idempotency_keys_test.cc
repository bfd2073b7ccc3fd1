#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/idempotency_keys.h"

namespace ringcast::server::server_idempotency_keys_test {
namespace {

using Topics = std::vector<std::string>;

IdempotencyKeys::Answer answer(const char* id) {
  return {.accepted = 1, .first_id = id, .last_id = id};
}

TEST_CASE("server: an idempotency key is known within its window only") {
  IdempotencyKeys keys({.window_ms = 1000, .keys = 10});
  CHECK(keys.find("k", 0) == nullptr);
  keys.add("k", answer("e-1"), 0);
  REQUIRE(keys.find("k", 999) != nullptr);
  CHECK(keys.find("k", 999)->last_id == "e-1");
  CHECK(keys.find("k", 1000) == nullptr);
  CHECK(keys.size() == 0);
}

TEST_CASE("server: a repeat does not make an idempotency key younger") {
  IdempotencyKeys keys({.window_ms = 1000, .keys = 10});
  keys.add("k", answer("e-1"), 0);
  keys.add("k", answer("e-2"), 900);
  CHECK(keys.find("k", 950)->last_id == "e-1");
  CHECK(keys.find("k", 1000) == nullptr);
}

TEST_CASE("server: an idempotency key is scoped by who publishes, and where") {
  const std::string mine = IdempotencyKeys::scoped("me", Topics{"a", "b"}, "k");
  CHECK(mine == IdempotencyKeys::scoped("me", Topics{"a", "b"}, "k"));
  CHECK(mine != IdempotencyKeys::scoped("you", Topics{"a", "b"}, "k"));
  CHECK(mine != IdempotencyKeys::scoped("me", Topics{"a"}, "k"));
  CHECK(mine != IdempotencyKeys::scoped("me", Topics{"ab"}, "k"));
  CHECK(mine != IdempotencyKeys::scoped("me", Topics{"a", "b"}, "l"));
  CHECK(IdempotencyKeys::scoped("", Topics{"a"}, "b") !=
        IdempotencyKeys::scoped("a", Topics{"b"}, ""));
}

TEST_CASE("server: the oldest idempotency key goes when there are too many") {
  IdempotencyKeys keys({.window_ms = 1000, .keys = 3});
  for (const char* key : {"a", "b", "c"}) {
    keys.add(key, answer("e-1"), 0);
  }
  CHECK(keys.size() == 3);
  CHECK(keys.find("a", 1) != nullptr);
  keys.add("d", answer("e-2"), 1);
  CHECK(keys.size() == 3);
  CHECK(keys.find("a", 1) == nullptr);
  CHECK(keys.find("b", 1) != nullptr);
  CHECK(keys.find("d", 1) != nullptr);
}

TEST_CASE("server: long idempotency keys count for more") {
  IdempotencyKeys keys({.window_ms = 1000, .keys = 4});  // 1,024 bytes.
  keys.add(std::string(512, 'a'), answer("e-1"), 0);
  keys.add(std::string(512, 'b'), answer("e-2"), 0);
  CHECK(keys.size() == 2);
  keys.add("c", answer("e-3"), 0);
  CHECK(keys.size() == 2);
  CHECK(keys.find(std::string(512, 'a'), 0) == nullptr);
}

TEST_CASE("server: without room for idempotency keys none is kept") {
  IdempotencyKeys keys({.window_ms = 1000, .keys = 0});
  keys.add("k", answer("e-1"), 0);
  CHECK(keys.size() == 0);
  CHECK(keys.find("k", 0) == nullptr);
}

}  // namespace
}  // namespace ringcast::server::server_idempotency_keys_test
