#include "app/system_journal.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#define SD_JOURNAL_SUPPRESS_LOCATION  // Nobody looks for lines by where in our code they are.
#include <systemd/sd-journal.h>

namespace ringcast::app {

namespace {

class SystemJournalSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  // On the thread of the log only.
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string_view text(message.payload.data(), message.payload.size());
    std::vector<iovec> fields;
    while (!text.empty()) {
      const size_t size = std::min(text.find('\n'), text.size());
      // sd_journal_sendv() only reads it.
      fields.push_back({const_cast<char*>(text.data()), size});  // NOLINT(*-const-cast)
      text.remove_prefix(std::min(size + 1, text.size()));
    }
    sd_journal_sendv(fields.data(), static_cast<int>(fields.size()));
  }
  void flush_() override {}
};

}  // namespace

bool is_system_journal(int descriptor) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(descriptor, &status) == 0 &&
         std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

std::shared_ptr<spdlog::sinks::sink> make_system_journal_sink() {
  return std::make_shared<SystemJournalSink>();
}

}  // namespace ringcast::app
