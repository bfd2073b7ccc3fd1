#pragma once

#include <memory>

namespace spdlog::sinks {
class sink;
}

// The journal of the system (systemd-journald), which keeps lines with their fields.
namespace ringcast::app {

// The descriptor is the stream that systemd has made for what a service writes: what JOURNAL_STREAM
// says (systemd.exec(5)).
[[nodiscard]] bool is_system_journal(int descriptor);

// Sends what system_journal_body() makes.
[[nodiscard]] std::shared_ptr<spdlog::sinks::sink> make_system_journal_sink();

}  // namespace ringcast::app
