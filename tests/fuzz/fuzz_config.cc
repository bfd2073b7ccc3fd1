#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/config.h"

// Whatever load() takes must print to something that it reads back to the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ringcast::config::load;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto loaded = load({.file_name = "fuzz",
                            .file_text = text,
                            .environment = {{"RINGCAST_LIMITS_BODY", "64KiB"}},
                            .set = {},
                            .listen = {}});
  // The same bytes as a flag; the result is only looked at by the sanitizers.
  const auto flag =
      load({.file_name = {}, .file_text = {}, .environment = {}, .set = {text}, .listen = {text}});
  if (!loaded || flag.has_value()) {
    return 0;
  }
  const auto again = load({.file_name = "printed",
                           .file_text = ringcast::config::print(loaded->config),
                           .environment = {},
                           .set = {},
                           .listen = {}});
  if (!again || !(again->config == loaded->config)) {
    std::abort();
  }
  return 0;
}
