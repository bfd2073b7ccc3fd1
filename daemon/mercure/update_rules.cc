#include "mercure/update_rules.h"

#include <optional>
#include <string>

#include "mercure/draft_document.h"
#include "mercure/topic_match.h"
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

Status check_update_id(std::string_view id) {
  if (id.starts_with('#')) {
    return fail(Errc::kInvalid, "must not begin with \"#\"", "id");
  }
  if (id == "earliest") {
    return fail(Errc::kInvalid, "\"earliest\" is where the history begins, and no id", "id");
  }
  Status status = check_protocol_text(id);
  return status ? std::move(status) : fail(Errc::kInvalid, status.error().detail, "id");
}

Status check_update_type(std::string_view type) {
  if (type == kDraftEventType) {
    return fail(Errc::kInvalid, "\"mercure\" is the type of the hub's own events", "type");
  }
  Status status = check_protocol_text(type);
  return status ? std::move(status) : fail(Errc::kInvalid, status.error().detail, "type");
}

bool is_below_hub(std::string_view topic, const topics::Url& hub) {
  const auto url = topics::parse_url(topic, &hub);
  if (!url || url->has_opaque_path) {
    return false;
  }
  const std::string path = normal_path(url->path);
  return path == hub.path || path.starts_with(hub.path + "/");
}

}  // namespace ringcast::mercure
