#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "config/composite_keys.h"
#include "config/keys.h"

namespace ringcast::config {

namespace {

Status check_module(const Node::Entry& entry, std::string_view path) {
  if (std::find(kLogModules.begin(), kLogModules.end(), entry.name) != kLogModules.end()) {
    return Ok{};
  }
  std::string known;
  for (const std::string_view module : kLogModules) {
    known += (known.empty() ? "" : ", ") + std::string(module);
  }
  return fail_at(entry.where, path,
                 "unknown module " + json::quoted(entry.name) + "; known: " + known);
}

}  // namespace

Status read_log_levels(const Node& value, std::string_view path, Config& config) {
  if (value.kind != Node::Kind::kMap && value.kind != Node::Kind::kNull) {
    return fail_at(value.where, path,
                   "must be a map as in {access: warn, journal: debug}, not " + found(value));
  }
  decltype(config.log.levels) levels;
  for (const Node::Entry& entry : value.entries) {
    if (Status known = check_module(entry, path); !known) {
      return known;
    }
    const auto name = std::find(kLogLevels.begin(), kLogLevels.end(), entry.value->scalar);
    if (name == kLogLevels.end()) {
      return fail_at(entry.value->where, std::string(path) + "." + entry.name,
                     "must be debug, info, warn or error, not " + found(*entry.value));
    }
    levels[entry.name] = static_cast<LogOptions::Level>(name - kLogLevels.begin());
  }
  config.log.levels = std::move(levels);
  return Ok{};
}

std::string print_log_levels(const Config& config) {
  std::string out;
  for (const auto& [module, level] : config.log.levels) {
    out += (out.empty() ? "" : ", ") + module + ": ";
    out += kLogLevels[static_cast<size_t>(level)];
  }
  return " {" + out + "}";
}

}  // namespace ringcast::config
