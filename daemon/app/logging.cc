#include "app/logging.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <unistd.h>

#include <ctime>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "app/log_format.h"
#include "app/system_journal.h"

namespace ringcast::app {

namespace {

constexpr size_t kWaitingLines = 4096;
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%*%$ %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%*",%v})";

using FileSink = spdlog::sinks::ansicolor_sink<spdlog::details::console_mutex>;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

config::LogOptions::Level configured_level(LogLevel level) {
  using Level = config::LogOptions::Level;
  switch (level) {
    case LogLevel::kDebug:
      return Level::kDebug;
    case LogLevel::kInfo:
      return Level::kInfo;
    case LogLevel::kWarn:
      return Level::kWarn;
    case LogLevel::kError:
      break;
  }
  return Level::kError;
}

enum class Form : uint8_t { kText, kJson, kSystemJournal };

Form form_of(config::LogOptions::Format format, std::FILE* file) {
  using Format = config::LogOptions::Format;
  if (format != Format::kAuto) {
    return format == Format::kJson ? Form::kJson : Form::kText;
  }
  if (is_system_journal(fileno(file))) {
    return Form::kSystemJournal;
  }
  return isatty(fileno(file)) == 0 ? Form::kJson : Form::kText;
}

std::string body_of(const LogLine& line, Form form) {
  switch (form) {
    case Form::kText:
      return text_body(line);
    case Form::kJson:
      return json_body(line);
    case Form::kSystemJournal:
      break;
  }
  return system_journal_body(line);
}

spdlog::sink_ptr make_sink(Form form, std::FILE* file) {
  if (form == Form::kSystemJournal) {
    return make_system_journal_sink();
  }
  // Colours only on a terminal that has them; never inside JSON.
  const bool is_json = form == Form::kJson;
  return std::make_shared<FileSink>(
      file, is_json ? spdlog::color_mode::never : spdlog::color_mode::automatic);
}

// The level as the configuration calls it; spdlog would write "warning". In text all names are
// equally wide, so that messages line up.
class LevelName final : public spdlog::custom_flag_formatter {
 public:
  explicit LevelName(bool is_padded) : is_padded_(is_padded) {}

  void format(const spdlog::details::log_msg& line, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    std::string_view name = "error";
    if (line.level == spdlog::level::debug) {
      name = "debug";
    } else if (line.level == spdlog::level::info) {
      name = is_padded_ ? "info " : "info";
    } else if (line.level == spdlog::level::warn) {
      name = is_padded_ ? "warn " : "warn";
    }
    out.append(name.data(), name.data() + name.size());
  }

  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelName>(is_padded_);
  }

 private:
  bool is_padded_;
};

// A logger together with the format that its lines must have; never changed once it is in use.
struct Setup {
  config::LogOptions options;
  Form form;
  std::shared_ptr<spdlog::async_logger> logger;

  [[nodiscard]] bool wants(const LogLine& line) const {
    return options.writes(line.module, configured_level(line.level));
  }
  void write(const LogLine& line) const {
    const std::string body = body_of(line, form);
    logger->log(level_of(line.level), spdlog::string_view_t(body));
  }
};

}  // namespace

struct LogOutput::State {
  explicit State(std::FILE* output)
      : file(output), writer(std::make_shared<spdlog::details::thread_pool>(kWaitingLines, 1)) {}

  std::FILE* file;
  // Lines go from the loggers to this thread, which ends when they are written.
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::mutex mutex;  // Guards what follows.
  std::shared_ptr<const Setup> setup;
  size_t told_drops = 0;

  std::shared_ptr<const Setup> current() {
    const std::lock_guard lock(mutex);
    return setup;
  }

  void write(const LogLine& line) {
    const auto now = current();
    if (!now->wants(line)) {
      return;
    }
    // Not while the queue is crowded: the notice would be dropped with the rest.
    if (writer->overrun_counter() > 0 && writer->queue_size() < kWaitingLines / 2) {
      tell_drops(*now);
    }
    now->write(line);
  }

  void tell_drops(const Setup& now) {
    size_t news = 0;
    {
      const std::lock_guard lock(mutex);
      const size_t drops = writer->overrun_counter();
      news = drops - told_drops;
      told_drops = drops;
    }
    const LogLine notice{LogLevel::kWarn, "log lines dropped", {{"lines", std::to_string(news)}}};
    if (news > 0 && now.wants(notice)) {
      now.write(notice);
    }
  }
};

LogOutput::LogOutput(std::FILE* file, const config::LogOptions& options)
    : state_(std::make_unique<State>(file)) {
  configure(options);
}

LogOutput::~LogOutput() {
  state_->tell_drops(*state_->current());
}

Log LogOutput::log() {
  return [state = state_.get()](const LogLine& line) { state->write(line); };
}

void LogOutput::configure(const config::LogOptions& options) {
  const Form form = form_of(options.format, state_->file);
  const bool is_json = form == Form::kJson;
  auto logger = std::make_shared<spdlog::async_logger>(
      "ringcast", make_sink(form, state_->file), state_->writer,
      spdlog::async_overflow_policy::overrun_oldest);
  auto formatter =
      std::make_unique<spdlog::pattern_formatter>("", spdlog::pattern_time_type::utc, "\n");
  formatter->add_flag<LevelName>('*', !is_json).set_pattern(is_json ? kJsonPattern : kTextPattern);
  logger->set_formatter(std::move(formatter));
  logger->set_level(spdlog::level::debug);  // Setup::wants() has judged, by module.
  logger->flush_on(spdlog::level::warn);
  auto setup = std::make_shared<const Setup>(Setup{options, form, std::move(logger)});
  const std::lock_guard lock(state_->mutex);
  state_->setup = std::move(setup);
}

}  // namespace ringcast::app
