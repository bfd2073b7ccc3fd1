#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/mercure_handler.h"

namespace ringcast::server::server_mercure_handler_test {
namespace {

TEST_CASE("server: what a token says counts as memory once for each stream, not for each topic") {
  topics::Budget budget(1'000'000);
  const auto payload = std::make_shared<const std::string>(4000, 'x');
  const auto other = std::make_shared<const std::string>(100, 'y');
  const std::vector<MercureTopic> named = {{.type = {}, .text = "a", .payload = payload},
                                           {.type = {}, .text = "b", .payload = other},
                                           {.type = {}, .text = "c", .payload = payload},
                                           {.type = {}, .text = "d", .payload = nullptr}};
  auto first = with_charged_payloads(named, budget);
  const int64_t one = budget.used();
  CHECK(one >= 4100);
  CHECK(one < 8000);
  CHECK(first[0].payload == payload);
  CHECK(first[2].payload_text() == *payload);
  CHECK(first[3].payload_text().empty());
  {
    const auto second = with_charged_payloads(named, budget);
    CHECK(budget.used() == 2 * one);
  }
  CHECK(budget.used() == one);
  first.pop_back();
  first.erase(first.begin());
  CHECK(budget.used() == one);  // Another topic has it.
  first.clear();
  CHECK(budget.used() == 0);
}

}  // namespace
}  // namespace ringcast::server::server_mercure_handler_test
