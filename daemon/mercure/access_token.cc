#include "mercure/access_token.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "auth/claims.h"
#include "base/json.h"
#include "base/text.h"

namespace ringcast::mercure {

namespace {

using Detail = AccessToken::Detail;

// What a detail has. Those of other types may have anything under these names, and the type may
// stand behind them: so the texts are kept, and read when it is known.
struct RawDetail {
  std::string type;
  std::string actions;
  std::string topics;
  std::string payload;
};

Status read_raw(json::Value& entry, RawDetail& raw) {
  std::set<std::string, std::less<>> names;
  return entry.each_field([&](std::string_view name, json::Value& value) -> Status {
    if (!names.emplace(name).second) {
      return fail(Errc::kUnauthorized, "the name " + json::quoted(name) + " is there twice");
    }
    if (name == "type") {
      auto type = value.string();
      raw.type = type ? std::string(*type) : std::string();
      return Ok{};
    }
    std::string* text = name == "actions"   ? &raw.actions
                        : name == "topics"  ? &raw.topics
                        : name == "payload" ? &raw.payload
                                            : nullptr;
    return text == nullptr ? Status(Ok{}) : value.append_minified(*text);
  });
}

Status read_actions(json::Value& list, Detail& detail) {
  size_t count = 0;
  Status status = list.each_element([&](json::Value& element) -> Status {
    ++count;
    auto action = element.string();
    if (!action) {
      return std::move(action).failure();
    }
    detail.may_publish = detail.may_publish || *action == "publish";
    detail.may_subscribe = detail.may_subscribe || *action == "subscribe";
    return Ok{};
  });
  return !status || count > 0 ? std::move(status) : fail(Errc::kUnauthorized, "must not be empty");
}

Result<TopicMatch> read_topic(json::Value& entry, const topics::Url* base) {
  std::optional<std::string> match;
  std::string type(name_of(MatchType::kExact));
  Status status = entry.each_field([&](std::string_view name, json::Value& value) -> Status {
    if (name != "match" && name != "match_type") {
      return Ok{};
    }
    auto text = value.string();
    if (!text) {
      return fail(Errc::kUnauthorized, std::string(name) + ": " + text.error().detail);
    }
    if (name == "match") {
      match = *text;
    } else {
      type = *text;
    }
    return Ok{};
  });
  if (!status) {
    return std::move(status).failure();
  }
  const auto known = match_type_named(type);
  if (!match || !known) {
    return fail(Errc::kUnauthorized,
                match ? "match_type must be \"exact\" or \"urlpattern\"" : "match is missing");
  }
  return read_topic_match(*known, *match, base);
}

class TokenReader {
 public:
  explicit TokenReader(const topics::Url* base) : base_(base) {}

  Status read(json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (name != "authorization_details") {
        return Ok{};
      }
      Status status =
          value.each_element([&](json::Value& entry) -> Status { return read_entry(entry); });
      return status ? std::move(status)
                    : fail(Errc::kUnauthorized,
                           "authorization_details" + where_ + ": " + status.error().detail);
    });
  }

  std::vector<Detail> take() { return std::move(details_); }

 private:
  Status read_entry(json::Value& entry) {
    where_ = "[" + std::to_string(index_++) + "]";
    RawDetail raw;
    if (Status status = read_raw(entry, raw); !status || raw.type != kDetailType) {
      return status;
    }
    if (details_.size() == kMostMatches) {
      return fail(Errc::kUnauthorized, "more than 100 details");
    }
    Detail& detail = details_.emplace_back();
    Status status = read_member("actions", raw.actions,
                                [&](json::Value& list) { return read_actions(list, detail); });
    if (status) {
      status = read_member("topics", raw.topics,
                           [&](json::Value& list) { return read_topics(list, detail); });
    }
    if (!status || raw.payload.empty()) {
      return status;
    }
    if (!raw.payload.starts_with('{')) {
      where_ += ".payload";
      return fail(Errc::kUnauthorized, "must be an object");
    }
    detail.payload = std::make_shared<const std::string>(std::move(raw.payload));
    return Ok{};
  }

  Status read_member(const std::string& name, const std::string& text,
                     const std::function<Status(json::Value&)>& visit) {
    if (text.empty()) {
      return fail(Errc::kUnauthorized, name + " is missing");
    }
    const std::string outer = where_;
    where_ += "." + name;
    json::Reader reader;
    Status status = reader.read(text, visit);
    if (status) {
      where_ = outer;
    }
    return status;
  }

  Status read_topics(json::Value& list, Detail& detail) {
    const std::string outer = where_;
    Status status = list.each_element([&](json::Value& entry) -> Status {
      where_ = outer + "[" + std::to_string(detail.topics.size()) + "]";
      if (++topics_ > kMostMatches) {
        return fail(Errc::kUnauthorized, "more than 100 topics");
      }
      auto topic = read_topic(entry, base_);
      if (!topic) {
        return std::move(topic).failure();
      }
      detail.topics.push_back(*std::move(topic));
      return Ok{};
    });
    if (status) {
      where_ = outer;
      return detail.topics.empty() ? fail(Errc::kUnauthorized, "must not be empty")
                                   : std::move(status);
    }
    return status;
  }

  const topics::Url* const base_;
  std::vector<Detail> details_;
  size_t index_ = 0;
  size_t topics_ = 0;  // Of all details.
  std::string where_;  // For messages: "[0].topics[1]".
};

}  // namespace

bool AccessToken::Detail::matches(std::string_view topic, const topics::Url* base) const {
  return std::any_of(topics.begin(), topics.end(),
                     [&](const TopicMatch& match) { return match.matches(topic, base); });
}

bool AccessToken::grants(Action action, std::string_view topic, const topics::Url* base) const {
  return std::any_of(details.begin(), details.end(), [&](const Detail& detail) {
    return detail.has(action) && detail.matches(topic, base);
  });
}

std::shared_ptr<const std::string> AccessToken::payload_for(std::string_view match,
                                                            const topics::Url* base) const {
  const auto found = std::find_if(details.begin(), details.end(), [&](const Detail& detail) {
    return detail.may_subscribe && detail.matches(match, base);
  });
  return found == details.end() ? nullptr : found->payload;
}

bool is_access_token_type(std::string_view typ) {
  constexpr std::string_view kPrefix = "application/";
  if (equals_ignoring_case(typ.substr(0, kPrefix.size()), kPrefix)) {
    typ.remove_prefix(kPrefix.size());
  }
  return equals_ignoring_case(typ, "at+jwt");
}

Result<AccessToken> read_access_token(std::string_view payload, const auth::JwtOptions& options,
                                      const topics::Url* base, int64_t now_unix_ms) {
  // A name that no claim has: native grants do not count here.
  auto claims = auth::read_claims(payload, "ringcast:none");
  if (!claims) {
    return std::move(claims).failure();
  }
  if (Status status = auth::check_claims(*claims, options, now_unix_ms); !status) {
    return std::move(status).failure();
  }
  if (!claims->expires_unix_ms) {
    return fail(Errc::kUnauthorized, "no exp: an access token must expire");
  }
  TokenReader details(base);
  json::Reader reader;
  Status status = reader.read(payload, [&](json::Value& root) { return details.read(root); });
  if (!status) {
    return fail(Errc::kUnauthorized, "the token's claims: " + status.error().detail);
  }
  return AccessToken{.details = details.take(),
                     .issuer = claims->issuer.value_or(""),
                     .subject = claims->subject.value_or(""),
                     .expires_unix_ms = *claims->expires_unix_ms + options.leeway_ms};
}

}  // namespace ringcast::mercure
