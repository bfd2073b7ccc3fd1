#pragma once

#include <doctest/doctest.h>
#include <ringcast/client.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/loop.h"

namespace ringcast::client::test {

inline Client open_client(TestLoop& loop, ClientOptions options) {
  auto client = Client::open(loop.raw(), std::move(options));
  REQUIRE_MESSAGE(client, client.error().message);
  return *std::move(client);
}

inline Client open_client(TestLoop& loop, const std::string& url) {
  ClientOptions options;
  options.url = url;
  return open_client(loop, std::move(options));
}

inline Publication event(std::string topic, std::string data) {
  Publication publication;
  publication.topics = {std::move(topic)};
  publication.data = std::move(data);
  return publication;
}

inline SubscribeOptions everything_of(std::string topic) {
  SubscribeOptions options;
  options.topics = {std::move(topic)};
  options.since = "earliest";
  return options;
}

// Publishes and waits for the answer.
template <typename What>
auto publish(TestLoop& loop, Client& client, What what, PublishOptions options = {}) {
  using Answer = Result<std::conditional_t<std::is_same_v<What, Batch>, BatchReceipt, Receipt>>;
  std::optional<Answer> answer;
  client.publish(
      std::move(what), [&answer](Answer result) { answer = std::move(result); },
      std::move(options));
  loop.run_until("the answer to a publish", [&answer] { return answer.has_value(); });
  return *std::move(answer);
}

// Everything that a subscription has told.
struct Recorder {
  std::vector<Event> events;
  std::vector<Gap> gaps;
  std::vector<std::string> comments;
  std::vector<StateChange> changes;
  std::optional<Error> end;

  SubscriptionHandlers handlers() {
    SubscriptionHandlers handlers;
    handlers.on_event = [this](Event event) { events.push_back(std::move(event)); };
    handlers.on_gap = [this](const Gap& gap) { gaps.push_back(gap); };
    handlers.on_comment = [this](std::string_view comment) { comments.emplace_back(comment); };
    handlers.on_state = [this](const StateChange& change) { changes.push_back(change); };
    handlers.on_end = [this](const Error& error) { end = error; };
    return handlers;
  }
  [[nodiscard]] std::vector<std::string> data() const {
    std::vector<std::string> all;
    for (const Event& event : events) {
      all.push_back(event.data);
    }
    return all;
  }
  [[nodiscard]] bool is_open() const {
    return !changes.empty() && changes.back().state == State::kOpen;
  }
  [[nodiscard]] size_t times(State state) const {
    size_t count = 0;
    for (const StateChange& change : changes) {
      count += change.state == state ? 1 : 0;
    }
    return count;
  }
};

// "0", "1", … as publishers of these tests count.
inline std::vector<std::string> numbers(size_t from, size_t to) {
  std::vector<std::string> all;
  for (size_t n = from; n < to; ++n) {
    all.push_back(std::to_string(n));
  }
  return all;
}

// Publishes these numbers with one request, which must succeed.
inline void publish_numbers(TestLoop& loop, Client& client, const std::string& topic, size_t from,
                            size_t to) {
  Batch batch;
  for (const std::string& number : numbers(from, to)) {
    REQUIRE_FALSE(batch.add(event(topic, number)));
  }
  const auto receipt = publish(loop, client, std::move(batch));
  REQUIRE_MESSAGE(receipt, receipt.error().message);
}

}  // namespace ringcast::client::test
