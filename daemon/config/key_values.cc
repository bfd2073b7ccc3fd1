#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/keys.h"
#include "config/units.h"

namespace ringcast::config {

namespace {

// One overload of each function for each kind of value. "Expected" ones say what goes there.

std::string range(const Count& kind) {
  return std::to_string(kind.low) + " to " + std::to_string(kind.high);
}
std::string range(const Size& kind) {
  return (kind.or_zero ? "0 or " : "") + print_size(kind.low) + " to " + print_size(kind.high);
}
std::string range(const Time& kind) {
  return (kind.or_zero ? "0 or " : "") + print_time(kind.low_ms) + " to " +
         print_time(kind.high_ms);
}
std::string range(const Text& kind) {
  return std::string(kind.values);
}
std::string range(const Flag& /*kind*/) {
  return "true or false";
}
std::string range(const Choice& kind) {
  std::string text;
  for (size_t i = 0; i < kind.names.size(); ++i) {
    const bool is_last = i + 1 == kind.names.size();
    text += (i == 0 ? "" : is_last ? " or " : ", ") + std::string(kind.names[i]);
  }
  return text;
}
std::string range(const Composite& kind) {
  return std::string(kind.values);
}

Failure must_be(const Node& value, std::string_view path, const std::string& expected) {
  return fail_at(value.where, path, "must be " + expected + ", not " + found(value));
}

bool is_scalar_node(const Node& value) {
  return value.kind == Node::Kind::kScalar;
}
// Numbers and booleans are not quoted in YAML: with quotes they are text.
bool is_plain(const Node& value) {
  return is_scalar_node(value) && !value.quoted;
}

Status read(const Count& kind, const Node& value, std::string_view path, Config& config) {
  const auto number = is_plain(value) ? parse_uint(value.scalar) : std::nullopt;
  if (!number || *number < kind.low || *number > kind.high) {
    Failure failure = must_be(value, path, "a whole number from " + range(kind));
    if (value.quoted && parse_uint(value.scalar)) {
      failure.error.detail += " (numbers are not quoted)";
    }
    return failure;
  }
  kind.at(config) = *number;
  return Ok{};
}

Status read(const Size& kind, const Node& value, std::string_view path, Config& config) {
  const auto size = is_scalar_node(value) ? parse_size(value.scalar) : std::nullopt;
  const bool in_range = size && *size >= kind.low && *size <= kind.high;
  if (!in_range && !(size == 0 && kind.or_zero)) {
    const auto unit = is_scalar_node(value) ? unit_of(value.scalar) : std::nullopt;
    const bool has_odd_unit = unit && !unit->empty() && !parse_size("1" + std::string(*unit));
    return must_be(value, path,
                   (kind.or_zero ? "0 or a size from " : "a size from ") + print_size(kind.low) +
                       " to " + print_size(kind.high) +
                       (has_odd_unit ? " in " + std::string(kSizeUnits) : ""));
  }
  kind.at(config) = *size;
  return Ok{};
}

Status read(const Time& kind, const Node& value, std::string_view path, Config& config) {
  const auto ms = is_scalar_node(value) ? parse_time(value.scalar) : std::nullopt;
  const bool in_range = ms && *ms >= kind.low_ms && *ms <= kind.high_ms;
  if (!in_range && !(ms == 0 && kind.or_zero)) {
    const auto unit = is_scalar_node(value) ? unit_of(value.scalar) : std::nullopt;
    const bool has_odd_unit = unit && ms != 0 && !parse_time("1" + std::string(*unit));
    return must_be(value, path,
                   (kind.or_zero ? "0 or a time from " : "a time from ") + print_time(kind.low_ms) +
                       " to " + print_time(kind.high_ms) +
                       (has_odd_unit ? " with a unit (" + std::string(kTimeUnits) + ")" : ""));
  }
  kind.at(config) = *ms;
  return Ok{};
}

Status read(const Text& kind, const Node& value, std::string_view path, Config& config) {
  if (!is_scalar_node(value) || value.scalar.find('\0') != std::string::npos) {
    return must_be(value, path, range(kind));
  }
  kind.at(config) = value.scalar;
  return Ok{};
}

Status read(const Flag& kind, const Node& value, std::string_view path, Config& config) {
  if (!is_plain(value) || (value.scalar != "true" && value.scalar != "false")) {
    return must_be(value, path, range(kind));
  }
  kind.at(config) = value.scalar == "true";
  return Ok{};
}

Status read(const Choice& kind, const Node& value, std::string_view path, Config& config) {
  const auto name = std::find(kind.names.begin(), kind.names.end(), value.scalar);
  if (!is_scalar_node(value) || name == kind.names.end()) {
    return must_be(value, path, range(kind));
  }
  kind.put(config, static_cast<size_t>(name - kind.names.begin()));
  return Ok{};
}

Status read(const Composite& kind, const Node& value, std::string_view path, Config& config) {
  return kind.read(value, path, config);
}

// `at` gives a reference that could be written to, so these take a Config of their own.
std::string print(const Count& kind, Config& config) {
  return " " + std::to_string(kind.at(config));
}
std::string print(const Size& kind, Config& config) {
  return " " + print_size(kind.at(config));
}
std::string print(const Time& kind, Config& config) {
  return " " + print_time(kind.at(config));
}
std::string print(const Text& kind, Config& config) {
  return " " + json::quoted(kind.at(config));
}
std::string print(const Flag& kind, Config& config) {
  return kind.at(config) ? " true" : " false";
}
std::string print(const Choice& kind, Config& config) {
  return " " + std::string(kind.names[kind.get(config)]);
}
std::string print(const Composite& kind, Config& config) {
  return kind.print(config);
}

}  // namespace

Status read_key(const Key& key, const Node& value, std::string_view path, Config& config) {
  return std::visit([&](const auto& kind) { return read(kind, value, path, config); }, key.kind);
}

std::string print_key(const Key& key, const Config& config) {
  Config copy = config;
  return std::visit([&](const auto& kind) { return print(kind, copy); }, key.kind);
}

std::string print_keys(std::span<const Key> keys, const Config& config, size_t indent) {
  std::string out;
  std::string_view last;
  for (const Key& key : keys) {
    std::string spaces(indent, ' ');
    size_t begin = 0;
    for (size_t dot = 0; (dot = key.path.find('.', begin)) != std::string_view::npos;) {
      if (!last.starts_with(key.path.substr(0, dot + 1))) {
        out.append(spaces).append(key.path.substr(begin, dot - begin)).append(":\n");
      }
      spaces += "  ";
      begin = dot + 1;
    }
    out.append(spaces).append(key.path.substr(begin)).append(":");
    out.append(print_key(key, config)).append("\n");
    last = key.path;
  }
  return out;
}

std::string range_of(const Key& key) {
  return std::visit([](const auto& kind) { return range(kind); }, key.kind);
}

bool is_scalar(const Key& key) {
  const auto* composite = std::get_if<Composite>(&key.kind);
  return composite == nullptr || composite->is_scalar;
}

}  // namespace ringcast::config
