#include "app/log_format.h"

#include "base/json.h"
#include "base/text.h"

namespace ringcast::app {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void append_escaped_byte(std::string& out, unsigned char byte) {
  switch (byte) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
  }
}

// C0, DEL and C1, which terminals obey too.
std::string escape(std::string_view text) {
  const bool is_valid = is_utf8(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool begins_c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7f || (!is_valid && byte >= 0x80)) {
      append_escaped_byte(out, byte);
    } else if (begins_c1) {
      append_escaped_byte(out, static_cast<unsigned char>(text[++i]));
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string text_value(std::string_view value) {
  if (!value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos) {
    return escape(value);
  }
  std::string quoted = "\"";
  for (const char c : escape(value)) {
    if (c == '"') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + "\"";
}

std::string json_value(std::string_view value) {
  return json::quoted(is_utf8(value) ? std::string(value) : escape(value));
}

// As syslog(3) counts.
int priority_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 7;
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kWarn:
      return 4;
    case LogLevel::kError:
      break;
  }
  return 3;
}

std::string field_name(std::string_view name) {
  std::string out = "RINGCAST_";
  for (const char c : name) {
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

}  // namespace

std::string text_body(const LogLine& line) {
  std::string out = line.module == LogLine{}.module ? "" : std::string(line.module) + ": ";
  out += escape(line.message);
  for (const auto& [name, value] : line.fields) {
    out += " " + std::string(name) + "=" + text_value(value);
  }
  return out;
}

std::string json_body(const LogLine& line) {
  std::string out = "\"module\":" + json_value(line.module);
  out += ",\"message\":" + json_value(line.message);
  for (const auto& [name, value] : line.fields) {
    out += "," + json_value(name) + ":" + json_value(value);
  }
  return out;
}

std::string system_journal_body(const LogLine& line) {
  std::string out = "MESSAGE=" + text_body(line);
  out += "\nPRIORITY=" + std::to_string(priority_of(line.level));
  out += "\nSYSLOG_IDENTIFIER=ringcastd\nRINGCAST_MODULE=" + std::string(line.module);
  out += "\nRINGCAST_MESSAGE=" + escape(line.message);
  for (const auto& [name, value] : line.fields) {
    out += "\n" + field_name(name) + "=" + escape(value);
  }
  return out;
}

}  // namespace ringcast::app
