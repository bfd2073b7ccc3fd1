#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/event_lines.h"
#include "core/histogram.h"
#include "core/payload.h"
#include "core/stream_check.h"

namespace ringcast::bench::bench_core_test {

TEST_CASE("bench: small values are counted exactly, large ones within 1/64") {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100; ++value) {
    histogram.record(value);
  }
  CHECK(histogram.at(0.5) == 50);
  CHECK(histogram.at(0.99) == 99);
  CHECK(histogram.at(1) == 100);
  for (uint64_t value = 100; value < (uint64_t{1} << 62); value = value * 3 + 1) {
    Histogram one;
    one.record(value);
    one.record(UINT64_MAX);
    CHECK(one.at(0.5) >= value);
    CHECK(one.at(0.5) - value <= value / 64);
  }
}

TEST_CASE("bench: percentiles of a histogram are those of the sorted values") {
  Histogram histogram;
  std::vector<uint64_t> values;
  std::minstd_rand random(7);
  for (int count = 0; count < 10'000; ++count) {
    values.push_back(uint64_t{random()} * random() >> (random() % 40));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const uint64_t exact = values[static_cast<size_t>(share * 10'000) - 1];
    CHECK(histogram.at(share) >= exact);
    CHECK(histogram.at(share) <= exact + exact / 64);
  }
  CHECK(histogram.at(1) == values.back());
  CHECK(histogram.most() == values.back());
}

TEST_CASE("bench: an empty histogram has no percentiles") {
  CHECK(Histogram().at(0.99) == 0);
}

TEST_CASE("bench: a payload survives what brokers wrap around it") {
  std::string text;
  append_payload(text, {.publisher = 0xabc, .seq = 0xfffffffe, .time_ns = 1234567890123456789},
                 200);
  CHECK(text.size() == 200);
  for (const std::string& line :
       {"data: " + text, "data:" + text, "data: {\"pub\":{\"data\":{\"v\":\"" + text + "\"}}}"}) {
    const auto payload = find_payload(line);
    REQUIRE(payload);
    CHECK(payload->publisher == 0xabc);
    CHECK(payload->seq == 0xfffffffe);
    CHECK(payload->time_ns == 1234567890123456789);
  }
  CHECK_FALSE(find_payload("data: " + text.substr(0, 31)));
  CHECK_FALSE(find_payload("data: rcb1-not-a-payload-of-the-benchmark"));
}

TEST_CASE("bench: events count when their empty line is there, at every split") {
  std::string stream = ": hello\nretry: 3000\n\nid: e-1\r\ndata: ";
  append_payload(stream, {.publisher = 1, .seq = 5}, 40);
  stream += "\r\n\r\nevent: ringcast.gap\ndata: {}\n\nid: e-2\n\nid: e-3\ndata: ";
  append_payload(stream, {.publisher = 1, .seq = 6}, 40);
  stream += "\n";  // Not finished.
  for (size_t split = 0; split <= stream.size(); ++split) {
    EventLines lines;
    std::vector<uint32_t> seqs;
    const auto note = [&](const Payload& payload) { seqs.push_back(payload.seq); };
    lines.feed(std::string_view(stream).substr(0, split), note);
    lines.feed(std::string_view(stream).substr(split), note);
    CHECK(seqs == std::vector<uint32_t>{5});
    CHECK(lines.last_id() == "e-2");
    CHECK(lines.gaps() == 1);
    lines.cut();
    lines.feed("\n", note);
    CHECK(seqs.size() == 1);
  }
}

TEST_CASE("bench: a stream's faults are told apart") {
  Faults faults;
  StreamCheck check({0, 10});
  for (const uint32_t seq : {0U, 1U, 2U}) {
    check.on_event(0, seq, faults);
  }
  check.on_event(1, 10, faults);
  CHECK(faults.missing + faults.duplicate + faults.out_of_order == 0);
  check.on_event(0, 2, faults);
  CHECK(faults.duplicate == 1);
  check.on_event(0, 6, faults);  // 3, 4 and 5 are missing,
  CHECK(faults.missing == 3);
  check.on_event(0, 4, faults);  // but for 4, which is late,
  CHECK(faults.missing == 2);
  CHECK(faults.out_of_order == 1);
  check.on_event(0, 4, faults);  // and comes twice.
  CHECK(faults.duplicate == 2);
  check.on_event(2, 0, faults);
  CHECK(faults.duplicate == 3);
}

TEST_CASE("bench: streams with the same events in another order differ") {
  Faults faults;
  StreamCheck one({0, 0});
  StreamCheck other({0, 0});
  one.on_event(0, 0, faults);
  one.on_event(1, 0, faults);
  other.on_event(1, 0, faults);
  other.on_event(0, 0, faults);
  CHECK(one.order() != other.order());
  CHECK(faults.out_of_order == 0);
}

}  // namespace ringcast::bench::bench_core_test
