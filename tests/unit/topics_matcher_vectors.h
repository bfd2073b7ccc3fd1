#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/source_dir.h"

namespace ringcast::topics {

// An entry of tests/vectors; its README says what the fields mean.
struct MatcherVector {
  std::string name;
  std::string matcher;
  std::string base;
  std::vector<std::string> matches;
  std::vector<std::string> misses;
  std::string refused;
};

inline Status read_matcher_field(std::string_view field, json::Value& value, MatcherVector& out) {
  if (field == "matches" || field == "misses") {
    return value.each_element([&](json::Value& element) -> Status {
      (field == "matches" ? out.matches : out.misses).emplace_back(*element.string());
      return Ok{};
    });
  }
  const auto text = value.string();
  std::string& place = field == "name"      ? out.name
                       : field == "base"    ? out.base
                       : field == "refused" ? out.refused
                                            : out.matcher;
  if (field != "ours") {
    place = *text;
  }
  return Ok{};
}

inline std::vector<MatcherVector> read_matcher_vectors(const std::string& file) {
  std::ifstream in(source_dir() + "/tests/vectors/" + file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  std::vector<MatcherVector> vectors;
  json::Reader reader;
  const Status status = reader.read(text, [&](json::Value& root) {
    return root.each_element([&](json::Value& entry) {
      MatcherVector& out = vectors.emplace_back();
      return entry.each_field([&](std::string_view field, json::Value& value) {
        return read_matcher_field(field, value, out);
      });
    });
  });
  REQUIRE(status);
  REQUIRE(vectors.size() > 10);
  return vectors;
}

}  // namespace ringcast::topics
