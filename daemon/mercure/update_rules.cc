#include "mercure/update_rules.h"

#include <utility>

#include "mercure/draft_document.h"
#include "mercure/topic_match.h"

namespace ringcast::mercure {

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

}  // namespace ringcast::mercure
