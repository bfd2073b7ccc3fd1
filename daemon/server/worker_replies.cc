// What goes from a worker to the journal's threads, and comes back.
#include <algorithm>
#include <memory>
#include <utility>

#include "server/worker.h"

namespace ringcast::server {

void Worker::deliver(uint64_t number, std::function<void(Connection&)> then) {
  mailbox_.put([this, number, then = std::move(then)] {
    if (const auto found = numbered_.find(number); found != numbered_.end()) {
      then(*found->second);
    }
  });
}

uint64_t Worker::number_of(Connection& connection) {
  if (connection.number == 0) {
    connection.number = ++last_number_;
    numbered_.emplace(connection.number, &connection);
  }
  return connection.number;
}

void Worker::forget_number(Connection& connection) {
  if (connection.number != 0) {
    numbered_.erase(connection.number);
    std::erase(to_flush_, &connection);
  }
}

void Worker::flush_later(Connection& connection) {
  if (to_flush_.empty() || to_flush_.back() != &connection) {
    to_flush_.push_back(&connection);
  }
}

void Worker::flush_replies() {
  for (Connection* connection : std::exchange(to_flush_, {})) {
    connection->flush_replies();
  }
}

// While news go out, their publishers' next events come: those and the ones that are here already
// become one group, and are served at once. Otherwise two groups take turns for good.
void Worker::release_submissions(bool had_news) {
  holds_submissions_ = !holds_submissions_ && had_news;
  if (!holds_submissions_) {
    services_.hub.release_submissions();
  }
}

void Worker::connect_replay() {
  JournalReaders* readers = services_.journal_readers;
  if (readers == nullptr) {
    return;
  }
  fanout_.set_replay(
      {.read =
           [this, readers](uint64_t ticket, const topics::PageQuery& query) {
             readers->submit([this, ticket, query](topics::JournalReader& reader) {
               auto page = std::make_shared<Result<topics::Page>>(reader.read(query));
               mailbox_.post([this, ticket, page] { fanout_.take_page(ticket, std::move(*page)); });
             });
           },
       .find =
           [this, readers](uint64_t ticket, const topics::PlaceQuery& query) {
             readers->submit([this, ticket, query](topics::JournalReader& reader) {
               const Result<uint64_t> found = reader.find(query);
               mailbox_.post([this, ticket, found] { fanout_.take_place(ticket, found); });
             });
           }});
}

}  // namespace ringcast::server
