#include "cli/publish.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/line_reader.h"
#include "cli/messages.h"

namespace ringcast::cli {
namespace {

class Publisher {
 public:
  Publisher(const PublishOptions& options, Broker& broker, Output& output);

  ExitCode publish_one(std::string text, const std::string& key);
  ExitCode publish_lines(int fd);

 private:
  ExitCode publish_batch(std::vector<std::string> lines);
  template <typename T, typename What>
  std::optional<T> deliver(What what);
  [[nodiscard]] std::string key_of(uint64_t line) const;
  [[nodiscard]] std::string place_of(const client::Error& error) const;
  ExitCode complain_of(const client::Error& error);

  const PublishOptions& options_;
  Broker& broker_;
  Output& output_;
  client::Publication event_;  // All but its data and key is the same for every line.
  uint64_t first_line_ = 0;    // Of the batch on its way, from 1; 0 where there are no lines.
  ExitCode failure_ = ExitCode::kOk;
};

Publisher::Publisher(const PublishOptions& options, Broker& broker, Output& output)
    : options_(options), broker_(broker), output_(output) {
  event_.topics = {options.topic};
  event_.type = options.event;
  event_.id = options.id;
  event_.retry_ms = options.retry_ms;
  event_.is_json = options.json;
}

// Publishes until the broker has it; nothing when it refused or the time for retries is over.
template <typename T, typename What>
std::optional<T> Publisher::deliver(What what) {
  client::PublishOptions how;
  how.retry_for_ms = options_.retry_for_ms;
  how.on_retry = [is_told = false](const client::Error& error, uint64_t /*wait_ms*/) mutable {
    if (!std::exchange(is_told, true)) {
      complain(error.message + " (trying again)");
    }
  };
  std::optional<client::Result<T>> answer;
  broker_.client().publish(
      std::move(what), [&answer](client::Result<T> result) { answer = std::move(result); },
      std::move(how));
  broker_.run_until([&answer] { return answer.has_value(); });
  if (!*answer) {
    failure_ = complain_of(answer->error());
    return std::nullopt;
  }
  return **std::move(answer);
}

std::string Publisher::key_of(uint64_t line) const {
  return options_.key.empty() ? "" : options_.key + "-" + std::to_string(line);
}

// Which line it was, if it was one and that is known.
std::string Publisher::place_of(const client::Error& error) const {
  const bool is_refused = error.code == client::Errc::kRefused;
  if (first_line_ == 0 || !(is_refused || error.code == client::Errc::kInvalid)) {
    return "";
  }
  // With --print-id a request is a line; else the broker says which one it was.
  const uint64_t line = is_refused && !options_.print_id ? error.problem.line.value_or(0) : 1;
  return line == 0 ? "" : "line " + std::to_string(first_line_ + line - 1) + ": ";
}

ExitCode Publisher::complain_of(const client::Error& error) {
  complain(place_of(error) + error.message);
  return exit_code_of(error);
}

ExitCode Publisher::publish_one(std::string text, const std::string& key) {
  event_.data = std::move(text);
  event_.key = key;
  const auto receipt = deliver<client::Receipt>(event_);
  if (!receipt) {
    return failure_;
  }
  if (options_.print_id && !output_.write(receipt->id + "\n")) {
    return output_.exit_code();
  }
  return ExitCode::kOk;
}

ExitCode Publisher::publish_lines(int fd) {
  // The answer to a batch names no single ids, so that those who want them get a request a line.
  LineReader reader(fd, {.lines = options_.print_id ? 1U : 4'096U});
  for (uint64_t next_line = 1;;) {
    auto lines = reader.next();
    if (!lines) {
      complain("line " + std::to_string(next_line) + ": " + lines.error().detail);
      return ExitCode::kUsage;
    }
    if (lines->empty()) {
      return ExitCode::kOk;
    }
    first_line_ = next_line;
    next_line += lines->size();
    const ExitCode code = options_.print_id
                              ? publish_one(std::move(lines->front()), key_of(first_line_))
                              : publish_batch(*std::move(lines));
    if (code != ExitCode::kOk) {
      return code;
    }
  }
}

// What stands before a line that is wrong is published, as it would be had it come alone.
ExitCode Publisher::publish_batch(std::vector<std::string> lines) {
  client::Batch batch;
  std::string wrong;
  for (std::string& line : lines) {
    const uint64_t number = first_line_ + batch.size();
    event_.data = std::move(line);
    event_.key = key_of(number);
    if (const client::Error error = batch.add(event_)) {
      wrong = "line " + std::to_string(number) + ": " + error.message;
      break;
    }
  }
  if (!batch.empty() && !deliver<client::BatchReceipt>(std::move(batch))) {
    return failure_;
  }
  if (!wrong.empty()) {
    complain(wrong);
    return ExitCode::kUsage;
  }
  return ExitCode::kOk;
}

ExitCode publish_file(const PublishOptions& options, Publisher& publisher) {
  const bool is_input = options.file == "-";
  const int fd = is_input ? STDIN_FILENO : open(options.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    complain("cannot open '" + options.file + "': " + std::strerror(errno));
    return ExitCode::kUsage;
  }
  auto text = read_all(fd, kMaxEventBytes);
  if (!is_input) {
    close(fd);
  }
  if (!text) {
    complain(options.file + ": " + text.error().detail);
    return ExitCode::kUsage;
  }
  return publisher.publish_one(*std::move(text), options.key);
}

}  // namespace

ExitCode publish(const PublishOptions& options, Broker& broker, Output& output) {
  if (!is_utf8(options.topic) || !is_utf8(options.event)) {
    complain("topic and event must be UTF-8");
    return ExitCode::kUsage;
  }
  Publisher publisher(options, broker, output);
  if (options.data) {
    return publisher.publish_one(*options.data, options.key);
  }
  if (!options.file.empty()) {
    return publish_file(options, publisher);
  }
  if (!options.id.empty()) {
    complain("--id is for one event: give DATA or --file");
    return ExitCode::kUsage;
  }
  return publisher.publish_lines(STDIN_FILENO);
}

}  // namespace ringcast::cli
