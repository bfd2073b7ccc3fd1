#include "harness/daemon.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "harness/loop.h"
#include "support/source_dir.h"

namespace ringcast::client::test {
namespace {

constexpr std::string_view kFolder = "{folder}";

std::string binary() {
  const char* named = std::getenv("RINGCASTD");
  return named != nullptr ? named : source_dir() + "/build/release/ringcastd";
}

std::filesystem::path make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "ringcast-client-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("no temporary folder");
  }
  return name;
}

// This environment without settings for ringcast, so that the machine's do not leak into a test.
std::vector<char*> clean_environment() {
  std::vector<char*> clean;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("RINGCAST")) {
      clean.push_back(*variable);
    }
  }
  clean.push_back(nullptr);
  return clean;
}

}  // namespace

Daemon::Daemon(std::vector<std::string> settings)
    : folder_(make_folder()), settings_(std::move(settings)) {
  std::filesystem::create_directory(folder_ / "journal");
  try {
    start();
  } catch (...) {
    kill();
    std::filesystem::remove_all(folder_);
    throw;
  }
}

Daemon::~Daemon() {
  kill();
  std::filesystem::remove_all(folder_);
}

void Daemon::start() {
  std::vector<std::string> words{binary(), "--config", "/dev/null"};
  const bool names_listeners =
      std::any_of(settings_.begin(), settings_.end(),
                  [](const std::string& setting) { return setting.starts_with("listen="); });
  if (!names_listeners) {
    words.insert(words.end(), {"--listen", "127.0.0.1:0", "--listen", unix_url()});
  }
  for (std::string setting : settings_) {
    if (const size_t at = setting.find(kFolder); at != std::string::npos) {
      setting.replace(at, kFolder.size(), folder());
    }
    words.push_back(std::move(setting));
  }
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::array<int, 2> log{};
  if (pipe2(log.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, log[1], STDERR_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const int rc = posix_spawn(&pid_, words.front().c_str(), &actions, nullptr, arguments.data(),
                             clean_environment().data());
  posix_spawn_file_actions_destroy(&actions);
  close(log[1]);
  if (rc != 0) {
    pid_ = -1;
    close(log[0]);
    throw std::runtime_error("cannot start " + words.front());
  }
  is_over_ = false;
  lines_.clear();
  reader_ = std::thread([this, fd = log[0]] { read_log(fd); });
  const std::string line = find_line("\"listening\"");
  constexpr std::string_view kField = "\"address\":\"";
  const size_t begin = line.find(kField) + kField.size();
  url_ = "http://" + line.substr(begin, line.find('"', begin) - begin);
  find_line("\"message\":\"ready\"");
}

int Daemon::port() const {
  return std::stoi(url_.substr(url_.rfind(':') + 1));
}

void Daemon::kill() {
  end(SIGKILL);
}

void Daemon::stop() {
  end(SIGTERM);
}

void Daemon::end(int signal) {
  if (pid_ > 0) {
    ::kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  if (reader_.joinable()) {
    reader_.join();
  }
}

void Daemon::wait_for_log(const std::string& text) {
  find_line(text);
}

void Daemon::read_log(int fd) {
  std::string rest;
  std::array<char, 4096> bytes{};
  for (ssize_t got = 0; (got = read(fd, bytes.data(), bytes.size())) > 0;) {
    rest.append(bytes.data(), static_cast<size_t>(got));
    const std::lock_guard lock(mutex_);
    for (size_t end = 0; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      lines_.push_back(rest.substr(0, end));
    }
    news_.notify_all();
  }
  close(fd);
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  news_.notify_all();
}

std::string Daemon::find_line(const std::string& text) {
  std::unique_lock lock(mutex_);
  const auto find = [&] {
    return std::find_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  news_.wait_for(lock, std::chrono::milliseconds(kPatienceMs),
                 [&] { return is_over_ || find() != lines_.end(); });
  const auto found = find();
  if (found == lines_.end()) {
    std::string all = "ringcastd has not logged " + text + ", but";
    for (const std::string& line : lines_) {
      all += "\n" + line;
    }
    throw std::runtime_error(all);
  }
  return *found;
}

}  // namespace ringcast::client::test
