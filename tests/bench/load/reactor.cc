#include "load/reactor.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace ringcast::bench {

namespace {

constexpr int kMostAtOnce = 64;
constexpr int kBesideUrgent = 8;
constexpr int kUrgentTimes = 16;

}  // namespace

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

void die(const char* what) {
  std::fprintf(stderr, "bench_load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

Reactor::Reactor(bool spins)
    : spins_(spins), normal_(epoll_create1(EPOLL_CLOEXEC)), urgent_(epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // The urgent ones.
  if (epoll_ctl(normal_, EPOLL_CTL_ADD, urgent_, &event) != 0) {
    die("epoll");
  }
}

Reactor::~Reactor() {
  ::close(urgent_);
  ::close(normal_);
}

void Reactor::add(int descriptor, Pollable& pollable, bool is_urgent) {
  has_urgent_ = has_urgent_ || is_urgent;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &pollable;
  if (epoll_ctl(is_urgent ? urgent_ : normal_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    die("epoll_ctl");
  }
}

void Reactor::remove(int descriptor, bool is_urgent) {
  epoll_ctl(is_urgent ? urgent_ : normal_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void Reactor::turn(uint64_t until_ns) {
  bool found = false;
  for (int times = 0; has_urgent_ && times < kUrgentTimes && serve(urgent_, kMostAtOnce, 0);
       ++times) {
    found = true;
  }
  const int most = has_urgent_ ? kBesideUrgent : kMostAtOnce;
  found = serve(normal_, most, 0) || found;
  uint64_t now = now_ns();
  while (!found && now < until_ns) {
    found = serve(normal_, most, spins_ ? 0 : static_cast<int64_t>(until_ns - now));
    now = now_ns();
  }
}

bool Reactor::serve(int epoll, int most, int64_t wait_ns) {
  std::array<epoll_event, kMostAtOnce> events;
  const timespec wait = {.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
  const int count = epoll_pwait2(epoll, events.data(), most, &wait, nullptr);
  for (int index = 0; index < count; ++index) {
    if (auto* pollable = static_cast<Pollable*>(events[static_cast<size_t>(index)].data.ptr)) {
      pollable->on_ready();
    }
  }
  served_ += count > 0 ? 1 : 0;
  served_full_ += count == most ? 1 : 0;
  return count > 0;
}

}  // namespace ringcast::bench
