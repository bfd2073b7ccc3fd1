#include "cli/pages.h"

#include <algorithm>
#include <utility>

#include "cli/messages.h"

namespace ringcast::cli {
namespace {

struct Page {
  uint64_t items = 0;
  std::string next;  // Empty: the last one.
};

Status read_member(std::string_view name, json::Value& value, const PagedList& list, Page& page) {
  if (name == list.items) {
    return value.each_element([&list, &page](json::Value& item) {
      ++page.items;
      return list.visit(item);
    });
  }
  if (name == "next" && value.kind() == json::Value::Kind::kString) {
    auto text = value.string();
    if (!text) {
      return std::move(text).failure();
    }
    page.next = *text;
    return Ok{};
  }
  const bool is_gap = name == "gap" && value.kind() == json::Value::Kind::kObject;
  std::string minified;
  auto read = value.append_minified(minified);
  if (read && is_gap && list.on_gap) {
    list.on_gap(minified);
  }
  return read;
}

Result<Page> read_page(std::string_view body, const PagedList& list) {
  Page page;
  json::Reader reader;
  auto read = reader.read(body, [&list, &page](json::Value& root) {
    return root.each_field([&list, &page](std::string_view name, json::Value& value) {
      return read_member(name, value, list, page);
    });
  });
  if (!read) {
    return std::move(read).failure();
  }
  return page;
}

}  // namespace

ExitCode read_pages(Broker& broker, PagedList list) {
  for (uint64_t left = list.most; left > 0;) {
    client::Request request;
    request.path = list.path;
    request.query = list.query;
    request.query.emplace_back("limit", std::to_string(std::min(left, list.page)));
    if (!list.after.empty()) {
      request.query.emplace_back("after", list.after);
    }
    const auto answer = broker.send(std::move(request));
    if (!answer) {
      complain(answer.error().message);
      return exit_code_of(answer.error());
    }
    auto page = read_page(answer->body, list);
    if (!page) {
      complain("the broker's answer to GET " + list.path +
               " is not understood: " + page.error().detail);
      return ExitCode::kRefused;
    }
    const bool wants_more = !list.on_page_end || list.on_page_end();
    // A page that leads nowhere ends the list: no answer makes us ask for ever.
    if (!wants_more || page->next.empty() || page->next == list.after) {
      break;
    }
    left -= std::min(left, page->items);
    list.after = page->next;
  }
  return ExitCode::kOk;
}

}  // namespace ringcast::cli
