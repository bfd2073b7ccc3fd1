#include "server/mercure_handler.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "mercure/draft_document.h"
#include "mercure/hub_topics.h"
#include "mercure/match_query.h"
#include "mercure/selector.h"
#include "mercure/subscription_document.h"
#include "mercure/update_form.h"
#include "mercure/update_rules.h"
#include "server/urn.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kIdHeader = "Last-Event-ID";
constexpr std::string_view kDraftIdHeader = "Mercure-Last-Event-ID";
// Belongs to the hub: what it tells of subscriptions is in such topics, and nobody else's.
bool is_of_subscriptions(std::string_view topic, std::string_view path) {
  return topic.starts_with(path) &&
         mercure::is_at_or_below(topic.substr(path.size()), kSubscriptionsPath);
}

// A topic as the catalog has it: those of subscriptions are the broker's own, and longer, as they
// hold another topic or selector percent-encoded.
Result<std::string> topic_of(const std::string& name, std::string_view path) {
  if (topics::is_reserved(name)) {
    return fail(Errc::kForbidden, json::quoted(name) + ": names that begin with $ are the broker's",
                "topic");
  }
  const bool is_own = is_of_subscriptions(name, path);
  if (Status valid =
          topics::check_topic(name, is_own ? mercure::kMostMatchBytes : topics::kMaxNameBytes);
      !valid) {
    return fail(Errc::kInvalid, json::quoted(name) + ": " + valid.error().detail, "topic");
  }
  return is_own ? std::string(topics::kMercureRoot) + name : name;
}

std::shared_ptr<const std::string> payload_of(const mercure::Holder& reader, std::string_view match,
                                              const topics::Url* base) {
  return reader.access == nullptr ? reader.payload : reader.access->payload_for(match, base);
}

// Takes a selector or matcher, as it was read. `selector` without a matcher: the topic `text`.
Status add_topic(MercureTopic topic, mercure::Selector selector, const mercure::Holder& reader,
                 std::string_view path, SubscriptionSpec& spec) {
  if (selector.matcher) {
    // Who gets no private updates has nothing to do with topics that have no others.
    const bool sees_none = topic.text == "*" && reader.subscribe == nullptr;
    if (sees_none) {
      selector.matcher =
          mercure::match_all_but(std::string(path) + std::string(kSubscriptionsPath));
    }
    const auto is_same = [&](const auto& each) { return each->key() == selector.matcher->key(); };
    if (std::none_of(spec.matchers.begin(), spec.matchers.end(), is_same)) {
      spec.matchers.push_back(std::move(selector.matcher));
    }
  } else {
    Result<std::string> name = topic_of(topic.text, path);
    if (!name) {
      Failure failure = std::move(name).failure();
      failure.error.field = topic.type ? "match" : "topic";
      return failure;
    }
    spec.patterns.push_back(*std::move(name));
  }
  spec.mercure_topics.push_back(std::move(topic));
  return Ok{};
}

Status add_topics(const mercure::MatchQuery& query, const mercure::Holder& reader,
                  const Settings& settings, SubscriptionSpec& spec) {
  const std::string& path = settings.options.mercure.path;
  const topics::Url* base = settings.mercure->base();
  for (const std::string& text : query.selectors) {
    if (!is_utf8(text)) {
      return fail(Errc::kInvalid, "must be UTF-8", "topic");
    }
    MercureTopic topic{.text = text, .payload = payload_of(reader, text, base)};
    if (Status added =
            add_topic(std::move(topic), mercure::read_selector(text), reader, path, spec);
        !added) {
      return added;
    }
  }
  for (const mercure::TopicMatch& match : query.matches) {
    MercureTopic topic{
        .type = match.type, .text = match.match, .payload = payload_of(reader, match.match, base)};
    if (Status added =
            add_topic(std::move(topic), mercure::read_selector(match, base), reader, path, spec);
        !added) {
      return added;
    }
  }
  return Ok{};
}

// What is not granted is 401 in version 8 of the protocol, and 403 in version 1.0.
Failure not_granted(const mercure::Holder& who, std::string detail, std::string field) {
  return fail(who.dialect == mercure::Dialect::kDraft ? Errc::kForbidden : Errc::kUnauthorized,
              std::move(detail), std::move(field));
}

// Each of the update's topics has to be granted, and none to be the hub's own.
Status check_publish(const std::vector<std::string>& names, const mercure::Holder& publisher,
                     const MercurePublishing& publishing) {
  for (const std::string& name : names) {
    if (auto topic = topic_of(name, publishing.path); !topic) {
      return std::move(topic).failure();
    }
    if (publishing.own_topics.contains(name)) {
      return fail(Errc::kForbidden, json::quoted(name) + ": only the hub tells of what is below it",
                  "topic");
    }
    if (publisher.publish == nullptr || !publisher.publish->matches(name)) {
      return not_granted(publisher, "the token does not grant to publish in " + json::quoted(name),
                         "topic");
    }
  }
  return Ok{};
}

// What the protocol says of ids and types; sse::check_fields() says more.
Status check_names(const mercure::UpdateForm& form, mercure::Dialect dialect) {
  Status valid = mercure::check_update_id(form.id);
  return valid && dialect == mercure::Dialect::kDraft ? mercure::check_update_type(form.type)
                                                      : std::move(valid);
}

bool has_etag(const http::Request& request, std::string_view etag) {
  const std::string_view known = request.header("if-none-match");
  return known == "*" || known.find(etag) != std::string_view::npos;
}

// What follows the path of the list: of version 8 /{topic}/{subscriber}, of version 1.0
// /{match_type}/{match}/{subscriber}, or the beginning of that.
Result<MercureSubscriptions::Filter> read_path(std::string_view below, mercure::Dialect dialect) {
  std::vector<std::string> parts;
  while (!below.empty()) {
    below.remove_prefix(1);
    const size_t end = std::min(below.find('/'), below.size());
    auto text = http::percent_decode(below.substr(0, end));
    if (!text) {
      return std::move(text).failure();
    }
    parts.push_back(*std::move(text));
    below.remove_prefix(end);
  }
  MercureSubscriptions::Filter filter{.dialect = dialect};
  size_t next = 0;
  if (dialect == mercure::Dialect::kDraft && !parts.empty()) {
    filter.type = mercure::match_type_named(parts[next++]);
    if (!filter.type || parts.size() == 1) {
      return fail(Errc::kNotFound, "no such route");
    }
  }
  for (auto* part : {&filter.topic, &filter.subscriber}) {
    if (next < parts.size()) {
      *part = std::move(parts[next++]);
    }
  }
  return next == parts.size() ? Result(std::move(filter)) : fail(Errc::kNotFound, "no such route");
}

std::string stable_document(const std::string& list, const std::string& id, bool is_one,
                            const MercureSubscriptions::Listing& listing) {
  std::vector<mercure::SubscriptionEntry> entries;
  for (const auto& [stay, topic] : listing.entries) {
    entries.push_back(
        {.topic = topic->text, .subscriber = stay->subscriber, .payload = topic->payload_text()});
  }
  return is_one ? mercure::subscription_document(list, entries.front(), listing.last_id)
                : mercure::subscriptions_document(list, id, entries, listing.last_id);
}

std::string draft_document(const std::string& list, const std::string& id, bool is_one,
                           const MercureSubscriptions::Listing& listing) {
  std::vector<mercure::DraftSubscription> entries;
  for (const auto& [stay, topic] : listing.entries) {
    entries.push_back({.type = *topic->type,
                       .match = topic->text,
                       .subscriber = stay->subscriber,
                       .payload = topic->payload_text()});
  }
  return is_one ? mercure::draft_subscription_document(list, entries.front(), listing.last_id)
                : mercure::draft_subscriptions_document(list, id, entries, listing.last_id);
}

// At the most: a text stands in it as it is and percent-encoded.
size_t size_of(const MercureSubscriptions::Listing& listing) {
  constexpr size_t kMembers = 200;
  size_t bytes = 0;
  for (const auto& [stay, topic] : listing.entries) {
    bytes += kMembers + 4 * topic->text.size() + topic->payload_text().size();
    bytes += stay->path.size() + 4 * stay->subscriber.size();
  }
  return bytes;
}

}  // namespace

Result<SubscriptionSpec> read_mercure_subscription(const http::Request& request,
                                                   const http::Target& target,
                                                   const mercure::Holder& reader,
                                                   const Settings& settings) {
  const auto query = mercure::read_match_query(target.query, settings.mercure->base());
  if (!query) {
    return Failure{query.error()};
  }
  SubscriptionSpec spec;
  if (Status added = add_topics(*query, reader, settings, spec); !added) {
    return std::move(added).failure();
  }
  if (const uint64_t most = settings.options.limits.topics_per_subscription;
      spec.mercure_topics.size() > most) {
    return fail(Errc::kInvalid,
                "more topics than limits.topics_per_subscription: " + std::to_string(most),
                "topic");
  }
  std::sort(spec.patterns.begin(), spec.patterns.end());
  spec.private_topics = reader.subscribe;
  spec.rendering.mercure = true;
  // The header wins: on a reconnect it is fresher than the URL.
  std::string id(request.header("last-event-id"));
  if (id.empty()) {
    id = query->last_event_id.value_or("");
  }
  if (!id.empty()) {
    spec.id_header = query->dialect == mercure::Dialect::kDraft ? kDraftIdHeader : kIdHeader;
  }
  if (id == "earliest") {
    spec.start.since.kind = topics::Since::Kind::kEarliest;
  } else {
    spec.start.last_event_id = std::move(id);
  }
  return spec;
}

std::vector<MercureTopic> with_charged_payloads(std::vector<MercureTopic> topics,
                                                topics::Budget& budget) {
  std::map<const std::string*, std::shared_ptr<const std::string>> held;
  for (MercureTopic& topic : topics) {
    if (topic.payload) {
      auto& payload = held[topic.payload.get()];
      if (!payload) {
        payload = budget.hold(topic.payload, topic.payload->capacity());
      }
      topic.payload = payload;
    }
  }
  return topics;
}

Result<std::vector<Draft>> read_mercure_form(std::string_view body,
                                             const mercure::Holder& publisher,
                                             const MercurePublishing& publishing) {
  Result<mercure::UpdateForm> form = mercure::read_update_form(body);
  if (!form) {
    return std::move(form).failure();
  }
  if (Status allowed = check_publish(form->topics, publisher, publishing); !allowed) {
    return std::move(allowed).failure();
  }
  if (Status valid = check_names(*form, publisher.dialect); !valid) {
    return std::move(valid).failure();
  }
  if (form->id.empty()) {
    form->id = new_urn(publishing.clock);
  }
  const sse::EventFields fields{.type = form->type,
                                .id = form->id,
                                .retry_ms = form->retry_ms,
                                .data = form->data,
                                .is_private = form->is_private};
  if (Status valid = sse::check_fields(fields, publishing.epoch); !valid) {
    return std::move(valid).failure();
  }
  std::vector<Draft> drafts(1);
  drafts[0].event = sse::Event::encode(fields, std::move(form->topics));
  return drafts;
}

http::Response mercure_metadata(const mercure::Options& options) {
  std::string json = "{\"resource\":" + json::quoted(options.resource);
  if (!options.issuer.empty()) {
    json += ",\"authorization_servers\":[" + json::quoted(options.issuer) + "]";
  }
  json += ",\"bearer_methods_supported\":[\"header\"]";
  json +=
      ",\"authorization_details_types_supported\":[" + json::quoted(mercure::kDetailType) + "]}\n";
  return {.content_type = "application/json", .body = std::move(json)};
}

std::string mercure_metadata_url(const mercure::Options& options) {
  const size_t host = options.resource.find("://") + 3;
  const std::string_view resource = options.resource;
  return std::string(resource.substr(0, resource.find_first_of("/?", host))) +
         "/.well-known/oauth-protected-resource" + options.path;
}

Result<http::Response> mercure_subscription_list(const http::Request& request, const Route& route,
                                                 const mercure::Holder& reader,
                                                 const mercure::Options& options,
                                                 const MercureSubscriptions& subscriptions,
                                                 const topics::Budget& budget) {
  if (reader.identity->is_anonymous()) {
    return fail(Errc::kUnauthorized, "this needs a token");
  }
  const std::string list = options.path + std::string(kSubscriptionsPath);
  const std::string id = list + route.below;
  if (reader.subscribe == nullptr || !reader.subscribe->matches(id)) {
    return not_granted(reader, "the token does not grant to subscribe to " + json::quoted(id), "");
  }
  const auto filter = read_path(route.below, reader.dialect);
  if (!filter) {
    return Failure{filter.error()};
  }
  const auto listing = subscriptions.list(*filter);
  const bool is_one = filter->subscriber.has_value();
  if (is_one && listing.entries.empty()) {
    return fail(Errc::kNotFound, "no such subscription");
  }
  const bool is_draft = reader.dialect == mercure::Dialect::kDraft;
  const std::string etag = "\"" + listing.version + "\"";
  http::Response response{
      .content_type = is_draft ? mercure::kDraftDocumentType : "application/ld+json",
      .headers = {
          {"ETag", etag}, {"Cache-Control", "no-cache"}, {"Vary", "Authorization, Cookie"}}};
  if (has_etag(request, etag)) {
    response.status = 304;
    response.content_type = {};
    return response;
  }
  // Answers that wait for their readers are in the budget; those that are small find room anyway.
  constexpr size_t kSmall = 64 << 10;
  const size_t size = size_of(listing);
  if (size > kSmall && budget.left() < static_cast<int64_t>(size)) {
    return fail(Errc::kBehind, "out of `memory` for a list of " +
                                   std::to_string(listing.entries.size()) + " subscriptions");
  }
  response.body = is_draft ? draft_document(list, id, is_one, listing)
                           : stable_document(list, id, is_one, listing);
  return response;
}

void expose_mercure_id(Headers& cors) {
  if (std::any_of(cors.begin(), cors.end(), [](const auto& header) {
        return header.first == "Access-Control-Allow-Origin";
      })) {
    cors.emplace_back("Access-Control-Expose-Headers",
                      std::string(kIdHeader) + ", " + std::string(kDraftIdHeader));
  }
}

}  // namespace ringcast::server
