// The limit of fan-out: a bare epoll loop that does nothing but send() the same bytes to every
// socket. It knows just enough HTTP for the load generator: GET is a subscriber, POST an event for
// the topic whose number ends the path. One thread.
#include <CLI/CLI.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store, "
    "no-transform\r\n"
    "X-Accel-Buffering: no\r\nConnection: close\r\n\r\n: the floor\nretry: 3000\n\n";
constexpr std::string_view kAnswerHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
constexpr uint32_t kMostTopics = 1 << 20;

struct Connection {
  int descriptor = -1;
  bool is_subscriber = false;
  uint32_t topic = 0;
  size_t place = 0;  // In its topic.
  std::string out;   // What the socket did not take; `sent` of it has gone since.
  size_t sent = 0;
  std::string in;  // An unfinished request.
};

struct Topic {
  std::vector<Connection*> subscribers;
  std::string pending;  // Events of this turn.
};

struct Event {
  uint32_t topic;
  size_t begin;  // In event_bytes_.
  size_t size;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

uint32_t last_number(std::string_view path) {
  const size_t begin = path.find_last_not_of("0123456789") + 1;
  uint32_t number = 0;
  std::from_chars(path.data() + begin, path.data() + path.size(), number);
  return std::min(number, kMostTopics - 1);
}

class Floor {
 public:
  Floor(uint16_t port, bool coalesces) : coalesces_(coalesces) { listen_on(port); }

  void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int index = 0; index < count; ++index) {
        const epoll_event& event = events[static_cast<size_t>(index)];
        if (event.data.ptr == nullptr) {
          accept_all();
        } else {
          serve(*static_cast<Connection*>(event.data.ptr), event.events);
        }
      }
      send_pending();
      for (Connection* gone : gone_) {
        ::close(gone->descriptor);
        delete gone;
      }
      gone_.clear();
    }
  }

 private:
  void listen_on(uint16_t port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 4096) != 0) {
      die("bench_floor: listen");
    }
    epoll_ = epoll_create1(0);
    watch(listener_, nullptr, EPOLLIN, EPOLL_CTL_ADD);
  }

  void watch(int descriptor, Connection* connection, uint32_t what, int how) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = connection;
    if (epoll_ctl(epoll_, how, descriptor, &event) != 0) {
      die("bench_floor: epoll_ctl");
    }
  }

  void accept_all() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (descriptor < 0) {
        return;
      }
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* connection = new Connection{.descriptor = descriptor};
      watch(descriptor, connection, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD);
    }
  }

  void serve(Connection& connection, uint32_t events) {
    if ((events & EPOLLOUT) != 0 && !connection.out.empty()) {
      send_rest(connection);
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) {
      return;
    }
    const ssize_t got = ::recv(connection.descriptor, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
      take(connection, {buffer_.data(), static_cast<size_t>(got)});
    } else if (got == 0 || errno != EAGAIN) {
      drop(connection);
    }
  }

  void drop(Connection& connection) {
    if (connection.is_subscriber) {
      std::vector<Connection*>& all = topics_[connection.topic].subscribers;
      all[connection.place] = all.back();
      all[connection.place]->place = connection.place;
      all.pop_back();
    }
    epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.descriptor, nullptr);
    gone_.push_back(&connection);
  }

  // All requests that are complete; the answers of one read leave together, before the fan-out.
  void take(Connection& connection, std::string_view bytes) {
    const bool was_unfinished = !connection.in.empty();
    if (was_unfinished) {
      bytes = connection.in.append(bytes);
    }
    answers_.clear();
    events_.clear();
    event_bytes_.clear();
    size_t used = 0;
    while (!connection.is_subscriber && take_request(connection, bytes.substr(used), used)) {
    }
    if (connection.is_subscriber) {
      connection.in.clear();  // It has nothing more to say.
    } else if (was_unfinished) {
      connection.in.erase(0, used);
    } else {
      connection.in.assign(bytes.substr(used));
    }
    if (!answers_.empty()) {
      send_to(connection, answers_);
    }
    for (const Event& event : events_) {
      Topic& topic = topics_[event.topic];
      const std::string_view text = std::string_view(event_bytes_).substr(event.begin, event.size);
      if (!coalesces_) {
        send_to_all(topic, text);
        continue;
      }
      if (topic.pending.empty()) {
        pending_.push_back(event.topic);
      }
      topic.pending += text;
    }
  }

  bool take_request(Connection& connection, std::string_view bytes, size_t& used) {
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      return false;
    }
    const std::string_view head = bytes.substr(0, end);
    const size_t path = head.find(' ') + 1;
    const uint32_t topic = last_number(head.substr(path, head.find(' ', path) - path));
    if (topic >= topics_.size()) {
      topics_.resize(topic + 1);
    }
    if (head.starts_with("GET")) {
      used += end + 4;
      connection.is_subscriber = true;
      connection.topic = topic;
      connection.place = topics_[topic].subscribers.size();
      topics_[topic].subscribers.push_back(&connection);
      answers_ += kStreamHead;
      return true;
    }
    size_t length_at = head.find("\r\nContent-Length: ");
    if (length_at == std::string_view::npos) {
      length_at = head.find("\r\ncontent-length: ");
    }
    size_t length = 0;
    if (length_at != std::string_view::npos) {
      std::from_chars(head.data() + length_at + 18, head.data() + head.size(), length);
    }
    if (bytes.size() < end + 4 + length) {
      return false;
    }
    used += end + 4 + length;
    id_.resize(11);  // The epoch stays.
    id_ += std::to_string(++seq_);
    answers_.append(kAnswerHead).append(std::to_string(id_.size() + 10)).append("\r\n\r\n");
    answers_.append("{\"id\":\"").append(id_).append("\"}\n");
    const size_t begin = event_bytes_.size();
    event_bytes_.append("id: ").append(id_).append("\ndata: ");
    event_bytes_.append(bytes.substr(end + 4, length)).append("\n\n");
    events_.push_back({topic, begin, event_bytes_.size() - begin});
    return true;
  }

  void send_pending() {
    for (const uint32_t topic : pending_) {
      send_to_all(topics_[topic], topics_[topic].pending);
      topics_[topic].pending.clear();
    }
    pending_.clear();
  }

  void send_to_all(const Topic& topic, std::string_view bytes) {
    for (Connection* subscriber : topic.subscribers) {
      send_to(*subscriber, bytes);
    }
  }

  void send_to(Connection& connection, std::string_view bytes) {
    if (connection.out.empty()) {
      const ssize_t sent =
          ::send(connection.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent == static_cast<ssize_t>(bytes.size())) {
        return;
      }
      if (sent < 0 && errno != EAGAIN) {
        return;  // Its end will be read.
      }
      bytes.remove_prefix(sent > 0 ? static_cast<size_t>(sent) : 0);
      watch(connection.descriptor, &connection, EPOLLIN | EPOLLOUT | EPOLLRDHUP, EPOLL_CTL_MOD);
    }
    connection.out.append(bytes);
  }

  void send_rest(Connection& connection) {
    std::string& out = connection.out;
    const ssize_t sent = ::send(connection.descriptor, out.data() + connection.sent,
                                out.size() - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    connection.sent += sent > 0 ? static_cast<size_t>(sent) : 0;
    if (connection.sent == out.size()) {
      out = std::string();  // Gives the memory back.
      connection.sent = 0;
      watch(connection.descriptor, &connection, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_MOD);
    } else if (connection.sent > out.size() / 2) {
      out.erase(0, std::exchange(connection.sent, 0));
    }
  }

  const bool coalesces_;
  int listener_ = -1;
  int epoll_ = -1;
  uint64_t seq_ = 0;
  std::vector<Topic> topics_;
  std::vector<uint32_t> pending_;  // Topics with events of this turn.
  std::vector<Connection*> gone_;
  std::string answers_;  // Of one read, as the next two.
  std::vector<Event> events_;
  std::string event_bytes_;
  std::string id_ = "bench00000-";
  std::array<char, 256 << 10> buffer_{};
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sends the same bytes to every socket: the limit that a broker is measured by.");
  uint16_t port = 0;
  bool coalesces = false;
  app.add_option("--port", port)->required();
  app.add_flag("--coalesce", coalesces, "Gather what arrived in one turn of the loop");
  CLI11_PARSE(app, argc, argv);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  std::make_unique<Floor>(port, coalesces)->run();
}
