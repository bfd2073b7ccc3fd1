// Rows of a journal that somebody has damaged: a row is refused by name, or it is an event that can
// be sent and that is stored again as it was.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/requests.h"
#include "journal/event_rows.h"
#include "journal/sqlite.h"
#include "sse/stored_event.h"

namespace {

using namespace ringcast;        // NOLINT(google-build-using-namespace): all that is tested.
using namespace ringcast::fuzz;  // NOLINT(google-build-using-namespace)

// One row of whatever is bound, as SQLite gives it, and one topic that has a number.
struct Table {
  Table() : database(open()), names(database) {
    require(database
                .execute("CREATE TABLE topics(number INTEGER PRIMARY KEY, name TEXT);"
                         "INSERT INTO topics VALUES (1, 'one')")
                .has_value());
    require(names.prepare().has_value());
    require(database.prepare_all({{&row, "SELECT ?, ?, ?, ?, ?, ?, 0"}}).has_value());
  }

  static journal::Database open() {
    auto opened = journal::Database::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                          journal::Closing::kCheckpoints);
    require(opened.has_value());
    return std::move(*opened);
  }

  journal::Database database;
  journal::TopicNames names;
  journal::Statement row;
};

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\0');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

// The bytes of a row are only checked where they enter a journal (`ringcast journal check` looks
// for the rest): what passes that check must come back as it was.
void check_event(const sse::Event& event, std::string_view id, std::string_view block) {
  const std::string data = event.data();
  require(event.has_publisher_id() == !id.empty());
  if (!sse::check_fields({.type = event.type(), .id = id, .data = data}, kEpoch)) {
    return;
  }
  const auto blocks = read_blocks(event.wire());
  require(blocks.size() == 1 && blocks[0].id == event.id() && blocks[0].data == data);
  require(event.body() == block);
}

}  // namespace

// A byte of which columns there are, the seq's byte, then topics, id and block, parted by NUL.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Table table;
  if (size < 2) {
    return 0;
  }
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view topics = take_line(rest);
  const std::string_view id = take_line(rest);
  const unsigned columns = data[0];
  table.row.bind(1, uint64_t{data[1]})
      .bind(2, int64_t{data[1]} - 100)
      .bind(3, uint64_t{data[1] % 3U});
  (columns & 1) != 0 ? table.row.bind_null(4) : table.row.bind_text(4, topics);
  (columns & 2) != 0 ? table.row.bind_null(5) : table.row.bind_text(5, id);
  (columns & 4) != 0 ? table.row.bind_text(6, rest) : table.row.bind_blob(6, rest);
  {
    journal::Rows rows(table.row);
    require(rows.next());
    const std::string_view stored_id = table.row.bytes(4);
    const auto event = journal::event_of(table.row, table.names, kEpoch);
    if (event) {
      check_event(**event, stored_id, table.row.bytes(5));
    } else {
      require(event.error().code == Errc::kStorage && !event.error().detail.empty());
    }
  }
  return 0;
}
