#include "cli/journal_import.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "cli/line_reader.h"
#include "cli/messages.h"
#include "cli/progress.h"
#include "journal/import.h"
#include "sse/position.h"

namespace ringcast::cli {
namespace {

constexpr size_t kMostLineBytes = 1ULL << 30U;  // An event of 512 MiB still fits.

class SystemClock : public Clock {
 public:
  [[nodiscard]] int64_t unix_ms() const override { return ms_of<std::chrono::system_clock>(); }
  [[nodiscard]] int64_t steady_ms() const override { return ms_of<std::chrono::steady_clock>(); }

 private:
  template <typename From>
  static int64_t ms_of() {
    using std::chrono::duration_cast;
    return duration_cast<std::chrono::milliseconds>(From::now().time_since_epoch()).count();
  }
};

class Input {
 public:
  explicit Input(const std::string& file)
      : is_file_(!file.empty() && file != "-"),
        fd_(is_file_ ? open(file.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO) {}
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() {
    if (is_file_ && fd_ >= 0) {
      close(fd_);
    }
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  bool is_file_;
  int fd_;
};

std::string describe(const Error& error, uint64_t line) {
  return "line " + std::to_string(line) + ": " + (error.field.empty() ? "" : error.field + ": ") +
         error.detail;
}

// What is wrong, with its line; nothing at the end of the input.
Status add_all(journal::Importer& importer, int fd) {
  LineReader reader(fd, {.line_bytes = kMostLineBytes});
  Progress progress;
  for (uint64_t line = 0;;) {
    auto lines = reader.next();
    if (!lines) {
      return fail(lines.error().code, describe(lines.error(), line + 1));
    }
    if (lines->empty()) {
      return importer.commit();
    }
    for (const std::string& text : *lines) {
      ++line;
      if (auto added = importer.add(text); !added) {
        return fail(added.error().code, describe(added.error(), line));
      }
    }
    progress.show("importing: " + std::to_string(line) + " lines");
  }
}

bool is_of_input(Errc code) {
  return code == Errc::kInvalid || code == Errc::kTooLarge || code == Errc::kIo;
}

std::string fresh_epoch() {
  return sse::make_epoch(random_bits());
}

}  // namespace

ExitCode import_journal(const JournalOptions& options, Output& output) {
  const Input input(options.file);
  if (input.fd() < 0) {
    complain("cannot open " + options.file + ": " + std::strerror(errno));
    return ExitCode::kUsage;
  }
  const SystemClock clock;
  auto importer = journal::Importer::open(options.directory, fresh_epoch(), clock);
  if (!importer) {
    complain(importer.error().detail);
    return importer.error().code == Errc::kForbidden ? ExitCode::kRefused : ExitCode::kUsage;
  }
  const Status done = add_all(**importer, input.fd());
  Status kept = Ok{};
  if (!done && is_of_input(done.error().code)) {
    kept = (*importer)->commit();
  }
  const std::string count = std::to_string((*importer)->events()) + " events imported";
  if (!done) {
    const std::string second = kept ? "" : "; " + kept.error().detail;
    complain(done.error().detail + second + "; " + count);
    return ExitCode::kRefused;
  }
  output.write(count + "\n");
  return output.exit_code();
}

}  // namespace ringcast::cli
