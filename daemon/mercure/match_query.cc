#include "mercure/match_query.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace ringcast::mercure {

namespace {

std::optional<MatchType> matcher_named(std::string_view name) {
  if (name == "match" || name == "match_exact") {
    return MatchType::kExact;
  }
  return name == "match_urlpattern" ? std::optional(MatchType::kUrlPattern) : std::nullopt;
}

class QueryReader {
 public:
  explicit QueryReader(const topics::Url* base) : base_(base) {}

  Status take(const std::string& name, const std::string& value) {
    constexpr std::string_view kReserved = "match";
    if (equals_ignoring_case(std::string_view(name).substr(0, kReserved.size()), kReserved)) {
      return take_match(name, value);
    }
    if (name == "topic") {
      return take_selector(value);
    }
    if (name == "lastEventID" || name == "last_event_id") {
      auto& id = name == "lastEventID" ? stable_id_ : draft_id_;
      id = id.empty() ? value : id;
    }
    return Ok{};
  }

  Result<MatchQuery> finish() {
    const bool is_draft = !query_.matches.empty();
    if (!is_draft && query_.selectors.empty()) {
      return fail(Errc::kInvalid,
                  "nothing is subscribed to: topic, match or match_urlpattern is "
                  "needed",
                  "topic");
    }
    if (is_draft && !query_.selectors.empty()) {
      return fail(Errc::kInvalid,
                  "topic is of version 8 of the protocol, match of version 1.0: a "
                  "request speaks one of them",
                  "topic");
    }
    query_.dialect = is_draft ? Dialect::kDraft : Dialect::kStable;
    const std::string& foreign = is_draft ? stable_id_ : draft_id_;
    if (!foreign.empty()) {
      return is_draft ? fail(Errc::kInvalid, "with match it is last_event_id", "lastEventID")
                      : fail(Errc::kInvalid, "with topic it is lastEventID", "last_event_id");
    }
    const std::string& id = is_draft ? draft_id_ : stable_id_;
    if (!id.empty()) {
      query_.last_event_id = id;
    }
    return std::move(query_);
  }

 private:
  Status take_match(const std::string& name, const std::string& value) {
    const std::optional<MatchType> type = matcher_named(name);
    if (!type) {
      return fail(Errc::kInvalid,
                  "unknown matcher: there are match, match_exact and match_urlpattern", name);
    }
    auto match = read_topic_match(*type, value, base_);
    if (!match) {
      return fail(Errc::kInvalid, match.error().detail, name);
    }
    const auto is_same = [&](const TopicMatch& other) {
      return other.type == *type && other.match == value;
    };
    if (std::any_of(query_.matches.begin(), query_.matches.end(), is_same)) {
      return Ok{};
    }
    query_.matches.push_back(*std::move(match));
    return check_count(query_.matches.size(), name);
  }

  Status take_selector(const std::string& value) {
    if (value.empty() || value.size() > kMostMatchBytes) {
      return fail(Errc::kInvalid, "must have 1 to 4096 bytes", "topic");
    }
    auto& selectors = query_.selectors;
    if (std::find(selectors.begin(), selectors.end(), value) == selectors.end()) {
      selectors.push_back(value);
    }
    return check_count(selectors.size(), "topic");
  }

  static Status check_count(size_t count, const std::string& name) {
    return count <= kMostMatches
               ? Status(Ok{})
               : fail(Errc::kInvalid, "a subscription has at most 100 of them", name);
  }

  const topics::Url* const base_;
  MatchQuery query_;
  std::string stable_id_;
  std::string draft_id_;
};

}  // namespace

Result<MatchQuery> read_match_query(
    const std::vector<std::pair<std::string, std::string>>& parameters, const topics::Url* base) {
  QueryReader reader(base);
  for (const auto& [name, value] : parameters) {
    if (Status status = reader.take(name, value); !status) {
      return std::move(status).failure();
    }
  }
  return reader.finish();
}

}  // namespace ringcast::mercure
