// Seeds and findings of the fuzz targets are ordinary tests, too: what was found once stays fixed,
// and with GCC as well.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/source_dir.h"

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): CMake names the targets.
#define X(name) extern "C" int name(const uint8_t* data, size_t size);
RINGCAST_FUZZ_TARGETS
#undef X

namespace ringcast::fuzz_corpus_test {
namespace {

struct Target {
  const char* name;
  int (*run)(const uint8_t* data, size_t size);
};

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define X(name) {#name, name},
constexpr Target kTargets[] = {RINGCAST_FUZZ_TARGETS};
#undef X

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("fuzz: every target takes its seeds and what was found before") {
  for (const Target& target : kTargets) {
    CAPTURE(target.name);
    const std::filesystem::path folder =
        std::filesystem::path(source_dir()) / "tests/fuzz/corpus" / target.name;
    REQUIRE(std::filesystem::is_directory(folder));
    size_t inputs = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      CAPTURE(file.path().filename().string());
      const std::string input = content_of(file.path());
      CHECK(target.run(reinterpret_cast<const uint8_t*>(input.data()), input.size()) == 0);
      ++inputs;
    }
    CHECK(inputs > 0);
  }
}

}  // namespace
}  // namespace ringcast::fuzz_corpus_test
