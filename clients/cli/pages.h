#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/broker.h"
#include "cli/exit_code.h"

namespace ringcast::cli {

// A list of the API that comes in pages: {"<items>":[…],"next":…}.
struct PagedList {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // Without `after` and `limit`.
  std::string after;
  std::string_view items;
  uint64_t most = UINT64_MAX;  // Items in all.
  uint64_t page = 100;         // Items a request.
  std::function<Status(json::Value& item)> visit = nullptr;
  std::function<void(std::string_view gap)> on_gap = nullptr;  // May be empty; gets JSON.
  std::function<bool()> on_page_end = nullptr;                 // May be empty; false: enough.
};

// Follows `next` to the end. Complains of what goes wrong.
ExitCode read_pages(Broker& broker, PagedList list);

}  // namespace ringcast::cli
