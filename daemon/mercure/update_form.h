#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringcast::mercure {

inline constexpr size_t kMostTopics = 1000;  // Of one update.

// An update as it is published: application/x-www-form-urlencoded.
struct UpdateForm {
  std::vector<std::string> topics;  // The first is the canonical one; without repeats.
  std::string data;
  std::string id;
  std::string type;
  std::optional<uint64_t> retry_ms;
  bool is_private = false;
};

// kInvalid names the field: a bad percent escape, no topic or too many, a retry that is no number.
// Of other fields that are there twice the first counts; unknown ones do not.
Result<UpdateForm> read_update_form(std::string_view body);

}  // namespace ringcast::mercure
