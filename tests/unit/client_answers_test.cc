#include <doctest/doctest.h>

#include "cpp/src/answers.h"

namespace ringcast::client::client_answers_test {

TEST_CASE("client: the answer of a topic gives the id, and whether it was there before") {
  CHECK(read_receipt(R"({"id":"e-7"})").id == "e-7");
  CHECK_FALSE(read_receipt(R"({"id":"e-7"})").is_duplicate);
  CHECK(read_receipt(R"({"id":"e-7","duplicate":true})").is_duplicate);
}

TEST_CASE("client: so does the answer of POST /events to one event") {
  const Receipt receipt =
      read_receipt(R"({"accepted":1,"duplicates":1,"first_id":"e-7","last_id":"e-7"})");
  CHECK(receipt.id == "e-7");
  CHECK(receipt.is_duplicate);
  CHECK(read_receipt(R"({"accepted":1,"duplicates":0,"first_id":null,"last_id":null})").id.empty());
}

TEST_CASE("client: the answer to a batch is read whole") {
  const BatchReceipt receipt = read_batch_receipt(
      R"({"accepted":3,"duplicates":1,"first_id":"e-7","last_id":"e-9","new":[1]})");
  CHECK(receipt.accepted == 3);
  CHECK(receipt.duplicates == 1);
  CHECK(receipt.first_id == "e-7");
  CHECK(receipt.last_id == "e-9");
  CHECK(read_batch_receipt("<html>").accepted == 0);
}

TEST_CASE("client: a gap is read, with what the broker cannot know left out") {
  const auto gap =
      read_gap(R"({"requested":"e-1","resumed":"e-9","reason":"lagged","missed":2,"later":{}})");
  REQUIRE(gap);
  CHECK(gap->reason == "lagged");
  CHECK(gap->requested == "e-1");
  CHECK(gap->resumed == "e-9");
  CHECK(gap->missed == 2U);
  CHECK_FALSE(read_gap(R"({"reason":"epoch","missed":null})")->missed);
  CHECK(read_gap("{}")->reason == "unknown");
  CHECK_FALSE(read_gap("what?"));
}

}  // namespace ringcast::client::client_answers_test
