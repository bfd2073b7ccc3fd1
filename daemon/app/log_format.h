#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace ringcast::app {

// "access: message key=value key=\"two words\"": what stands behind time and level; the module
// "daemon" goes without saying. Control characters and
// bytes that are not UTF-8 are escaped, so that no request can forge a line or move the cursor of
// a terminal.
[[nodiscard]] std::string text_body(const LogLine& line);

// "\"module\":\"...\",\"message\":\"...\",\"key\":\"value\"": the members that follow time and
// level. Field names are constants in the code and never time, level, module or message.
[[nodiscard]] std::string json_body(const LogLine& line);

// The fields that the journal of the system gets, one in each line: MESSAGE as text_body(),
// PRIORITY, SYSLOG_IDENTIFIER, RINGCAST_MODULE, RINGCAST_MESSAGE without the line's fields, and
// those as RINGCAST_<NAME>. Escaped as text is.
[[nodiscard]] std::string system_journal_body(const LogLine& line);

}  // namespace ringcast::app
