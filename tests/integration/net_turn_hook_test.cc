#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "net/mailbox.h"
#include "net/stream.h"
#include "net/turn_hook.h"

// Each test ends with the loop's destructor, which asserts that no handle is left.
namespace ringcast::net::net_turn_hook_test {
namespace {

// Notes when its stream can be read, and leaves it so.
struct NeverReads : StreamEvents {
  explicit NeverReads(std::string& to) : log(to) {}
  void on_readable() override { log += 'r'; }
  void on_writable() override {}
  void on_failed() override {}
  std::string& log;
};

TEST_CASE("net: a turn comes after the timers and before the loop polls") {
  constexpr size_t kEntries = 2000;
  Loop loop;
  Mailbox mailbox(loop);
  std::string log;
  std::array<int, 2> pair{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
  REQUIRE(::send(pair[1], "x", 1, 0) == 1);
  NeverReads events(log);
  std::optional<Stream> stream(std::move(*Stream::adopt(loop, pair[0], events)));
  stream->set_reading(true);
  bool has_ticked = false;  // A fast machine is through all entries before the first tick.
  auto ticker = std::make_unique<Ticker>(loop, 1, [&] {
    log += 't';
    has_ticked = true;
  });
  std::unique_ptr<TurnHook> hook = std::make_unique<TurnHook>(loop, [&] {
    log += '.';
    if (log.size() >= kEntries && has_ticked) {
      mailbox.post([&] {
        stream.reset();
        ticker.reset();
        hook.reset();
        mailbox.close();
      });
    }
    return false;
  });
  loop.run();
  Stream closes_other_end(std::move(*Stream::adopt(loop, pair[1], events)));
  REQUIRE(std::count(log.begin(), log.end(), 'r') > 0);
  // What a timer or a socket left to be done is done before the loop looks at sockets again.
  CHECK(log.find("tr") == std::string::npos);
  CHECK(log.find("rr") == std::string::npos);
  CHECK((log.starts_with(".") || log.starts_with("t.")));
}

TEST_CASE("net: while a turn has more to do, the loop does not sleep") {
  Loop loop;
  Mailbox mailbox(loop);
  int turns = 0;
  std::unique_ptr<TurnHook> hook = std::make_unique<TurnHook>(loop, [&] {
    if (++turns == 1000) {
      mailbox.post([&] {
        hook.reset();
        mailbox.close();
      });
    }
    return turns < 1000;  // Nothing else would wake the loop: a sleep would never end.
  });
  loop.run();
  CHECK(turns >= 1000);
}

TEST_CASE("net: a turn that has nothing to do lets the loop sleep") {
  constexpr int kWakes = 50;
  Loop loop;
  Mailbox mailbox(loop);
  int turns = 0;
  std::unique_ptr<TurnHook> hook = std::make_unique<TurnHook>(loop, [&] {
    ++turns;
    return turns < 10;  // Busy at first.
  });
  std::thread waker([&] {
    for (int wake = 0; wake < kWakes; ++wake) {
      const auto woken = std::make_shared<std::promise<void>>();
      mailbox.post([woken] { woken->set_value(); });
      woken->get_future().wait();
    }
    mailbox.post([&] {
      hook.reset();
      mailbox.close();
    });
  });
  loop.run();
  waker.join();
  // One for each wake, perhaps one more for a wake-up that libuv had served already; a loop that
  // spins makes thousands.
  CHECK(turns <= 10 + 2 * (kWakes + 1));
}

TEST_CASE("net: a turn may become busy again after it was idle") {
  Loop loop;
  Mailbox mailbox(loop);
  int turns = 0;
  int work = 0;
  int rounds = 0;
  std::unique_ptr<TurnHook> hook;
  std::function<void()> give_work = [&] {
    work = 20;
    ++rounds;
  };
  hook = std::make_unique<TurnHook>(loop, [&] {
    ++turns;
    if (work > 0 && --work == 0) {
      if (rounds < 3) {
        mailbox.post(give_work);
      } else {
        mailbox.post([&] {
          hook.reset();
          mailbox.close();
        });
      }
    }
    return work > 0;
  });
  mailbox.post(give_work);
  loop.run();
  CHECK(rounds == 3);
  CHECK(turns >= 60);
}

TEST_CASE("net: a ticker ticks until it is destroyed") {
  Loop loop;
  Mailbox mailbox(loop);
  int ticks = 0;
  std::unique_ptr<Ticker> ticker = std::make_unique<Ticker>(loop, 1, [&] {
    if (++ticks == 5) {
      mailbox.post([&] {
        ticker.reset();
        mailbox.close();
      });
    }
  });
  loop.run();  // Returns only if no timer is left.
  CHECK(ticks >= 5);
}

}  // namespace
}  // namespace ringcast::net::net_turn_hook_test
