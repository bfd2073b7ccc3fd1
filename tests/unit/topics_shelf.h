#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "topics/catalog.h"
#include "topics/reader.h"
#include "topics/retention.h"

namespace ringcast::topics {

// A catalog with retention, two workers and a sequence: what the hub has, without its lock.
struct Shelf {
  explicit Shelf(Policies policies = {}, size_t max_tombstones = 100, uint64_t memory = 1 << 24)
      : budget(memory),
        catalog(budget, std::move(policies), 2, max_tombstones),
        retention(catalog, budget, pumped) {
    retention.set_time(now_ms);
  }

  uint64_t publish(std::vector<std::string> names, std::string_view id = "",
                   std::string_view type = "", std::string_view data = "x") {
    auto event = sse::Event::encode({.type = type, .id = id, .data = data}, std::move(names));
    event->seal("e", ++seq, now_ms);
    const EventRef held = budget.hold(std::move(event));
    for (const std::string& name : held->topics()) {
      retention.append(held, name);
    }
    return seq;
  }
  void advance(int64_t ms) {
    now_ms += ms;
    retention.set_time(now_ms);
  }
  void sweep() { retention.sweep(now_ms, 1000); }
  [[nodiscard]] std::vector<uint64_t> seqs(std::string_view name) const {
    std::vector<uint64_t> found;
    if (const Topic* topic = catalog.find(name)) {
      for (size_t index = 0; index < topic->ring.size(); ++index) {
        found.push_back(topic->ring[index].seq);
      }
    }
    return found;
  }
  void pump(uint32_t worker, uint64_t up_to) { pumped[worker] = up_to; }

  std::array<std::atomic<uint64_t>, 2> pumped{};
  Budget budget;
  Catalog catalog;
  Retention retention;
  uint64_t seq = 0;
  int64_t now_ms = 1'000'000;
};

// An interest that is joined for as long as it lives.
struct Joined : Interest {
  Joined(Shelf& at, std::vector<std::string> wanted, uint32_t on_worker = 0) : shelf(at) {
    patterns = std::move(wanted);
    worker = on_worker;
    shelf.catalog.join(*this);
  }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;
  ~Joined() { shelf.catalog.leave(*this); }

  [[nodiscard]] std::optional<Loss> loss(uint64_t cursor, TellTime told = 0) const {
    return find_loss(*this, {.cursor = cursor, .told = told}, false);
  }

  Shelf& shelf;
};

inline Policies all(Policy policy) {
  return {.fallback = policy, .rules = {}};
}

}  // namespace ringcast::topics
