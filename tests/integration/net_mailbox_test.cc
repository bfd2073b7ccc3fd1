#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "net/mailbox.h"
#include "net/turn_hook.h"

// Each test ends with the loop's destructor, which asserts that no handle is left.
namespace ringcast::net::net_mailbox_test {
namespace {

TEST_CASE("net: a mailbox runs every task on the loop's thread, in the order each thread posted") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 1000;
  Loop loop;
  Mailbox mailbox(loop);
  std::vector<std::pair<int, int>> ran;  // Loop thread only: that is what is tested.
  bool is_elsewhere = false;
  const auto loop_thread = std::this_thread::get_id();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int task = 0; task < kTasks; ++task) {
        mailbox.post([&, thread, task] {
          is_elsewhere = is_elsewhere || std::this_thread::get_id() != loop_thread;
          ran.emplace_back(thread, task);
          if (ran.size() == static_cast<size_t>(kThreads) * kTasks) {
            mailbox.close();
          }
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_FALSE(is_elsewhere);
  CHECK(ran.size() == static_cast<size_t>(kThreads) * kTasks);
  std::vector<int> next(kThreads, 0);
  for (const auto& [thread, task] : ran) {
    REQUIRE(task == next[static_cast<size_t>(thread)]++);
  }
}

TEST_CASE("net: a mailbox refuses tasks once it is closed") {
  Loop loop;
  Mailbox mailbox(loop);
  mailbox.close();
  bool ran = false;
  CHECK_FALSE(mailbox.post([&] { ran = true; }));
  mailbox.wake();
  loop.run();
  CHECK_FALSE(ran);
}

TEST_CASE("net: what was posted before the mailbox closed in the same turn still runs") {
  Loop loop;
  Mailbox mailbox(loop);
  int ran = 0;
  CHECK(mailbox.post([&] { mailbox.close(); }));
  CHECK(mailbox.post([&] { ++ran; }));
  loop.run();
  CHECK(ran == 1);
}

TEST_CASE("net: a task may post the next one") {
  Loop loop;
  Mailbox mailbox(loop);
  int left = 100;
  std::function<void()> task = [&] {
    if (--left > 0) {
      mailbox.post(task);
    } else {
      mailbox.close();
    }
  };
  mailbox.post(task);
  loop.run();
  CHECK(left == 0);
}

TEST_CASE("net: a mailbox lets go of its tasks, run or not") {
  const auto tracked = std::make_shared<int>(0);
  {
    Loop loop;
    Mailbox mailbox(loop);
    mailbox.post([&mailbox, tracked] { mailbox.close(); });
    loop.run();
    CHECK(tracked.use_count() == 1);
    mailbox.post([tracked] {});
    CHECK(tracked.use_count() == 1);
  }
  {
    Loop loop;
    Mailbox mailbox(loop);
    mailbox.post([tracked] {});
    mailbox.close();
  }
  CHECK(tracked.use_count() == 1);
}

TEST_CASE("net: threads may post and wake while the mailbox closes") {
  constexpr int kThreads = 3;
  Loop loop;
  Mailbox mailbox(loop);
  int ran = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      while (mailbox.post([&] {
        if (++ran == 100) {
          mailbox.close();
        }
      })) {
        mailbox.wake();
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(ran >= 100);
}

TEST_CASE("net: waking a mailbox makes the loop turn without a task") {
  Loop loop;
  Mailbox mailbox(loop);
  std::atomic<int> turns{0};
  auto hook = std::make_unique<TurnHook>(loop, [&] {
    ++turns;
    turns.notify_all();
    return false;
  });
  std::thread waker([&] {
    for (int round = 0; round < 20; ++round) {
      const int before = turns.load();
      mailbox.wake();
      turns.wait(before);
    }
    mailbox.post([&] {
      hook.reset();
      mailbox.close();
    });
  });
  loop.run();
  waker.join();
  CHECK(turns.load() >= 20);
}

}  // namespace
}  // namespace ringcast::net::net_mailbox_test
