#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "topics/url.h"

namespace ringcast::mercure {

// Whether a path is `root` or below it. Neither ends with "/".
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view root);

// The topics that are the hub's own: its URL and what is below it, whatever the scheme and the
// host. Whoever could publish to them could forge subscription events. Immutable.
class HubTopics {
 public:
  // `path`: where the hub is. `url`: what its clients call it; of another path, behind a proxy that
  // changes paths. When that is "/", it stands for nothing: all would be below it.
  HubTopics(std::string_view path, topics::Url url);

  // Spellings count as little as in a request: "/.well-known/%6Dercure/x",
  // "/a/../.well-known/mercure"; what is relative is so to `url`. A topic that is no URL is none of
  // them, unless it begins with `path`; nor is one that has nothing but a query or a fragment.
  // `topic` is valid UTF-8. Fast for a name that does not look like one of them.
  [[nodiscard]] bool contains(std::string_view topic) const;

 private:
  struct Root {
    std::string path;  // Normal, without "/" at its end.
    std::string mark;  // What is in every spelling of it that has no "%".
  };
  void add_root(std::string_view path);

  std::string path_;
  topics::Url url_;
  std::vector<Root> roots_;
};

}  // namespace ringcast::mercure
