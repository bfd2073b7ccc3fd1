#include "config/config.h"

#include "config/keys.h"

namespace ringcast::config {

Config::Config() : listen{{.address = {.host = "127.0.0.1", .port = 8080, .unix_path = {}}}} {}

bool LogOptions::writes(std::string_view module, Level line) const {
  const auto own = levels.find(module);
  return line >= (own == levels.end() ? level : own->second);
}

std::string print(const Config& config) {
  return print_keys(all_keys(), config, 0);
}

std::vector<std::string> scalar_keys() {
  std::vector<std::string> names;
  for (const Key& key : all_keys()) {
    if (is_scalar(key)) {
      names.emplace_back(key.path);
    }
  }
  return names;
}

std::vector<std::string> needs_restart(const Config& from, const Config& to) {
  std::vector<std::string> names;
  for (const Key& key : all_keys()) {
    if (key.change == Change::kRestart && print_key(key, from) != print_key(key, to)) {
      names.emplace_back(key.path);
    }
  }
  return names;
}

}  // namespace ringcast::config
