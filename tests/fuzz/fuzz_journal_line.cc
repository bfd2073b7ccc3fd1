// What an import takes is exported, imported and stored without a change.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "journal/export.h"
#include "journal/import_line.h"
#include "sse/stored_event.h"

namespace {

using ringcast::journal::ImportLineReader;

std::string exported(ringcast::sse::Event& event) {
  event.seal("epoch00000", 1, 0);
  std::string line;
  ringcast::journal::append_line(line, event);
  return line;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ImportLineReader reader("epoch00000");
  auto first = reader.read({reinterpret_cast<const char*>(data), size});
  if (!first) {
    return 0;
  }
  const std::string line = exported(*first->event);
  auto second = reader.read(line);
  if (!second || exported(*second->event) != line) {
    std::abort();
  }
  const ringcast::sse::Event& event = *first->event;
  auto stored = ringcast::sse::restore_event(
      event.body(), event.has_publisher_id() ? event.id() : std::string_view(), event.topics());
  if (!stored || (*stored)->body() != event.body() || exported(**stored) != line) {
    std::abort();
  }
  return 0;
}
