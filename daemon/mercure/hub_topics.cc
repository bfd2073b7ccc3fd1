#include "mercure/hub_topics.h"

#include <algorithm>
#include <utility>

#include "topics/url_encoding.h"

namespace ringcast::mercure {

namespace {

// RFC 3986 section 6.2.2.2; whatever is decoded, a slash of its own stays encoded.
std::string normal_path(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::string decoded = topics::percent_decode_leniently(path.substr(0, 3));
    const bool is_escape = path.front() == '%' && decoded.size() == 1;
    const bool is_plain = is_escape && topics::kUnreserved.contains(decoded.front());
    out += is_plain ? decoded : std::string(path.substr(0, 1));
    path.remove_prefix(is_plain ? 3 : 1);
  }
  return out;
}

}  // namespace

bool is_at_or_below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

HubTopics::HubTopics(std::string_view path, topics::Url url) : path_(path), url_(std::move(url)) {
  add_root(path_);
  add_root(url_.path);
}

void HubTopics::add_root(std::string_view path) {
  Root root{.path = normal_path(path.substr(0, path.find_last_not_of('/') + 1)), .mark = {}};
  if (root.path.empty()) {
    return;
  }
  const std::string_view last = std::string_view(root.path).substr(root.path.rfind('/') + 1);
  // Nothing has to be there where what is not ASCII may stand for an escape, or where a relative
  // name is below the root whatever it says.
  const std::string_view folder = std::string_view(url_.path).substr(0, url_.path.rfind('/'));
  if (last.find('%') == std::string_view::npos && !is_at_or_below(normal_path(folder), root.path)) {
    root.mark = last;
  }
  roots_.push_back(std::move(root));
}

bool HubTopics::contains(std::string_view topic) const {
  if (is_at_or_below(topic, path_)) {
    return true;
  }
  const bool may_be = topic.find('%') != std::string_view::npos ||
                      std::any_of(roots_.begin(), roots_.end(), [topic](const Root& root) {
                        return topic.find(root.mark) != std::string_view::npos;
                      });
  if (!may_be || topic.starts_with('?') || topic.starts_with('#')) {
    return false;
  }
  const auto url = topics::parse_url(topic, &url_);
  if (!url || url->has_opaque_path) {
    return false;
  }
  const std::string path = normal_path(url->path);
  return std::any_of(roots_.begin(), roots_.end(),
                     [&path](const Root& root) { return is_at_or_below(path, root.path); });
}

}  // namespace ringcast::mercure
