#include <doctest/doctest.h>

#include "topics/policy.h"

namespace ringcast::topics::topics_policy_test {
namespace {

Policies three_rules() {
  return {.fallback = {.events = 1},
          .rules = {{.match = "orders/eu/*", .policy = {.events = 2}},
                    {.match = "orders/**", .policy = {.events = 3, .lagged = Lagged::kDisconnect}},
                    {.match = "orders/us", .policy = {.events = 4}}}};
}

TEST_CASE("topics: the first rule that matches gives the policy") {
  const Policies policies = three_rules();
  CHECK(policies.of("orders/eu/1").events == 2);
  CHECK(policies.of("orders/eu").events == 3);
  CHECK(policies.of("orders").lagged == Lagged::kDisconnect);
  CHECK(policies.of("orders/us").events == 3);
}

TEST_CASE("topics: a topic without a rule has the default policy") {
  const Policies policies = three_rules();
  CHECK(policies.of("order").events == 1);
  CHECK(policies.of("$sys/clients").events == 1);
  CHECK(&policies.of("other") == &policies.fallback);
  CHECK(Policies{}.of("a") == Policy{});
}

TEST_CASE("topics: a rule for everything leaves the broker's names to the default") {
  const Policies policies{.fallback = {.events = 1},
                          .rules = {{.match = "**", .policy = {.events = 2}}}};
  CHECK(policies.of("a/b").events == 2);
  CHECK(policies.of("$sys/a").events == 1);
}

}  // namespace
}  // namespace ringcast::topics::topics_policy_test
