#include "app/systemd.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

namespace ringcast::app {

namespace {

// Of the listeners in systemd's store: no name that a .socket unit has by itself.
constexpr const char* kStoredName = "ringcastd-listener";

// The names that sd_listen_fds_with_names() allocates.
struct FreeNames {
  void operator()(char** names) const {
    // NOLINTBEGIN(cppcoreguidelines-owning-memory): this is what owns them.
    for (char** name = names; name != nullptr && *name != nullptr; ++name) {
      std::free(*name);
    }
    std::free(names);
    // NOLINTEND(cppcoreguidelines-owning-memory)
  }
};

}  // namespace

Result<std::vector<PassedSocket>> take_passed_sockets() {
  char** raw_names = nullptr;
  const int count = sd_listen_fds_with_names(1, &raw_names);
  const std::unique_ptr<char*, FreeNames> names(raw_names);
  if (count < 0) {
    return fail(Errc::kInvalid,
                std::string("LISTEN_FDS cannot be understood: ") + std::strerror(-count));
  }
  std::vector<PassedSocket> sockets;
  for (int index = 0; index < count; ++index) {
    const std::string name = raw_names != nullptr ? raw_names[index] : "unknown";
    Result<net::Listener> listener = net::Listener::adopt(SD_LISTEN_FDS_START + index);
    if (!listener) {
      return fail(Errc::kInvalid, "descriptor " + std::to_string(SD_LISTEN_FDS_START + index) +
                                      " (" + name + "), passed by systemd, " +
                                      listener.error().detail);
    }
    sockets.push_back({std::move(*listener), name, name == kStoredName});
  }
  return sockets;
}

bool is_notified() {
  const char* address = std::getenv("NOTIFY_SOCKET");
  return address != nullptr && *address != '\0';
}

void notify(const std::string& state) {
  sd_notify(0, state.c_str());
}

void store(const net::Listener& listener) {
  const int descriptor = listener.descriptor();
  const std::string state = std::string("FDSTORE=1\nFDNAME=") + kStoredName;
  sd_pid_notify_with_fds(0, 0, state.c_str(), &descriptor, 1);
}

uint64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

int64_t watchdog_ms() {
  uint64_t microseconds = 0;
  return sd_watchdog_enabled(0, &microseconds) > 0 ? static_cast<int64_t>(microseconds / 1000) : 0;
}

}  // namespace ringcast::app
