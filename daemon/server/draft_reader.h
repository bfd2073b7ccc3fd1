#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "base/json.h"
#include "base/result.h"
#include "mercure/hub_topics.h"
#include "server/hub.h"
#include "sse/event.h"

namespace ringcast::server {

constexpr size_t kMostKeyBytes = 128;

// Turns what publishers send into checked drafts: every rule of docs/http-api.md about topics and
// fields is here. Pure. Errors: kInvalid, kForbidden, kUnauthorized name the field.
class DraftReader {
 public:
  // `own`: of a Mercure hub; null: there is none. All outlive it.
  DraftReader(std::string_view epoch, const auth::Identity& publisher,
              const mercure::HubTopics* own = nullptr)
      : epoch_(epoch), publisher_(publisher), own_(own) {}

  // One JSON object of "publish many".
  Result<Draft> read(json::Value& element);
  // Fields that came in a query, in headers or in an event-stream body.
  Result<Draft> make(std::vector<std::string> topics, const sse::EventFields& fields,
                     std::string_view key);
  Status check_topics(const std::vector<std::string>& topics) const;
  [[nodiscard]] Status check_topic(const std::string& topic) const;

 private:
  struct Fields;
  Status read_field(Fields& fields, std::string_view name, json::Value& value);
  static Status mark_seen(Fields& fields, std::string_view name);
  static Status read_topics(Fields& fields, json::Value& value);

  std::string_view epoch_;           // The hub's.
  const auth::Identity& publisher_;  // The connection's.
  const mercure::HubTopics* own_;
};

}  // namespace ringcast::server
