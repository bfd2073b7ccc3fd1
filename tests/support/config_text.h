#pragma once

#include <doctest/doctest.h>

#include <string>

#include "config/config.h"

namespace ringcast::config {

// The text of a configuration file, loaded.
inline Result<Loaded> load_file(const std::string& text) {
  return load(
      {.file_name = "f.yaml", .file_text = text, .environment = {}, .set = {}, .listen = {}});
}

inline std::string error_of(const std::string& text) {
  const auto loaded = load_file(text);
  return loaded ? "no error" : loaded.error().detail;
}

inline Config config_of(const std::string& text) {
  const auto loaded = load_file(text);
  REQUIRE_MESSAGE(loaded, loaded.error().detail);
  return loaded->config;
}

}  // namespace ringcast::config
