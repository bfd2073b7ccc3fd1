#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "server/journal_readers.h"
#include "support/fake_clock.h"
#include "support/fake_journal.h"

namespace ringcast::server::server_journal_readers_test {
namespace {

class Broken final : public topics::JournalReader {
 public:
  Result<topics::Page> read(const topics::PageQuery& /*query*/) override {
    return fail(Errc::kStorage, "no page");
  }
  Result<uint64_t> find(const topics::PlaceQuery& /*query*/) override {
    return fail(Errc::kStorage, "no place");
  }
};

class BrokenJournal final : public FakeJournal {
 public:
  Result<std::unique_ptr<topics::JournalReader>> open_reader() override {
    return std::unique_ptr<topics::JournalReader>(std::make_unique<Broken>());
  }
};

TEST_CASE("server: reads of the journal that fail are all counted, and logged once a minute") {
  FakeClock clock;
  BrokenJournal journal;
  std::vector<std::string> logged;
  JournalReaders readers(clock,
                         [&](const LogLine& line) { logged.push_back(line.fields[0].second); });
  REQUIRE(readers.start(journal, 1));
  const auto read = [&](auto how) {
    std::promise<bool> done;
    readers.submit([&](topics::JournalReader& reader) { done.set_value(how(reader)); });
    CHECK_FALSE(done.get_future().get());
  };
  const auto page = [](auto& reader) { return reader.read({}).has_value(); };
  const auto place = [](auto& reader) { return reader.find({}).has_value(); };
  read(page);
  read(place);
  clock.advance(59'999);
  read(page);
  CHECK(logged == std::vector<std::string>{"no page"});
  clock.advance(1);
  read(place);
  CHECK(logged == std::vector<std::string>{"no page", "no place"});
  CHECK(readers.failures() == 4);
}

}  // namespace
}  // namespace ringcast::server::server_journal_readers_test
