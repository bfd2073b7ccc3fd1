#include "config/config.h"

#include "config/keys.h"

namespace ringcast::config {

Config::Config() : listen{net::Address{.host = "127.0.0.1", .port = 8080, .unix_path = {}}} {}

std::string print(const Config& config) {
  std::string out;
  std::string_view open_section;
  for (const Key& key : all_keys()) {
    const size_t dot = key.path.find('.');
    const bool is_inside = dot != std::string_view::npos;
    const std::string_view section = is_inside ? key.path.substr(0, dot) : std::string_view();
    if (is_inside && section != open_section) {
      out += std::string(section) + ":\n";
    }
    open_section = section;
    const std::string_view name = is_inside ? key.path.substr(dot + 1) : key.path;
    out += (is_inside ? "  " : "") + std::string(name) + ":" + print_key(key, config) + "\n";
  }
  return out;
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
