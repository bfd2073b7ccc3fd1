#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "sse/position.h"

namespace ringcast::sse::sse_position_test {
namespace {

TEST_CASE("sse: a position is an epoch, a dash and a sequence number") {
  CHECK(parse_position("k3f9a-1042") == Position{"k3f9a", 1042});
  CHECK(parse_position("0-0") == Position{"0", 0});
  CHECK(format_position("k3f9a", 1042) == "k3f9a-1042");
  CHECK(format_position("e", 0) == "e-0");
}

TEST_CASE("sse: an epoch has 1 to 11 digits of base 36 in lower case") {
  CHECK_FALSE(parse_position("-1"));
  CHECK(parse_position(std::string(10, 'z') + "-1"));
  CHECK(parse_position(std::string(11, 'z') + "-1"));
  CHECK_FALSE(parse_position(std::string(12, 'z') + "-1"));
  for (const auto* text :
       {"K-1", "k.-1", "k -1", " k-1", "\u00e9-1", "k_-1", "k/-1", "k:-1", "k`-1", "k{-1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_position(text));
  }
}

TEST_CASE("sse: a sequence number is decimal without leading zeros") {
  for (const auto* text : {"", "-", "k", "k-", "k-01", "k-00", "k-+1", "k--1", "k-1 ", "k- 1",
                           "k-1\n", "k-1-2", "k-a", "k-0x1", "k-1.0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_position(text));
  }
  CHECK_FALSE(parse_position(std::string("k-1\0", 4)));
}

TEST_CASE("sse: a sequence number is below 2^63") {
  CHECK(parse_position("k-9223372036854775806"));
  CHECK(parse_position("k-9223372036854775807") == Position{"k", INT64_MAX});
  CHECK_FALSE(parse_position("k-9223372036854775808"));
  CHECK_FALSE(parse_position("k-18446744073709551616"));
  CHECK_FALSE(parse_position("k-" + std::string(100'000, '9')));
}

TEST_CASE("sse: the broker's positions have at most 32 bytes") {
  CHECK(format_position(std::string(11, 'z'), INT64_MAX).size() <= 32);
}

TEST_CASE("sse: an epoch is 10 digits out of 51 random bits") {
  CHECK(make_epoch(0) == "0000000000");
  CHECK(make_epoch(35) == "000000000z");
  CHECK(make_epoch(36) == "0000000010");
  CHECK(make_epoch((uint64_t{1} << 51) - 1) == "m672jxbim7");
  CHECK(make_epoch(UINT64_MAX) == "m672jxbim7");
  CHECK(make_epoch(uint64_t{1} << 50) != make_epoch(0));
}

TEST_CASE("sse: a position that was made can be read") {
  for (const uint64_t bits : {uint64_t{0}, uint64_t{1} << 40, UINT64_MAX}) {
    for (const uint64_t seq : {uint64_t{0}, uint64_t{10}, uint64_t{INT64_MAX}}) {
      const std::string epoch = make_epoch(bits);
      CHECK(parse_position(format_position(epoch, seq)) == Position{epoch, seq});
    }
  }
}

}  // namespace
}  // namespace ringcast::sse::sse_position_test
