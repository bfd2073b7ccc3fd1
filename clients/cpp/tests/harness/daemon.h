#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ringcast::client::test {

// A real ringcastd ($RINGCASTD, else the one of the release build) in a folder of its own. It ends
// with this object, whatever the test does. Failures throw.
class Daemon {
 public:
  // `settings`: flags such as "--set", "history.events=10", with "{folder}" for its folder. Without
  // "listen=…" it listens on a free port of 127.0.0.1, and on a unix socket.
  explicit Daemon(std::vector<std::string> settings = {});
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] int port() const;
  [[nodiscard]] std::string folder() const { return folder_.string(); }
  // Stays over restarts; the port does not.
  [[nodiscard]] std::string unix_url() const { return "unix:" + (folder_ / "socket").string(); }

  // SIGKILL, and it is gone.
  void kill();
  // SIGTERM, and it is gone after its drain.
  void stop();
  // Starts it again after kill() or stop(), on the same unix socket.
  void start();
  // Blocks until a line of its log has this text.
  void wait_for_log(const std::string& text);

 private:
  void end(int signal);
  void read_log(int fd);
  std::string find_line(const std::string& text);

  std::filesystem::path folder_;
  std::vector<std::string> settings_;
  std::string url_;
  pid_t pid_ = -1;
  std::thread reader_;
  std::mutex mutex_;  // Guards these two.
  std::vector<std::string> lines_;
  bool is_over_ = false;
  std::condition_variable news_;
};

}  // namespace ringcast::client::test
