#include "server/mercure_handler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "mercure/selector.h"
#include "mercure/update_form.h"
#include "server/subscribe_handler.h"
#include "server/urn.h"
#include "topics/name.h"

namespace ringcast::server {

namespace {

constexpr std::string_view kIdHeader = "Last-Event-ID";
constexpr std::string_view kSubscriptions = "/subscriptions";
constexpr size_t kMostSelectorBytes = 4096;

// Belongs to the hub: what it tells of subscriptions is in such topics, and nobody else's.
bool is_of_subscriptions(std::string_view topic, std::string_view path) {
  if (!topic.starts_with(path) || !topic.substr(path.size()).starts_with(kSubscriptions)) {
    return false;
  }
  topic.remove_prefix(path.size() + kSubscriptions.size());
  return topic.empty() || topic.front() == '/';
}

// A topic as the catalog has it: those of subscriptions are the broker's own.
Result<std::string> topic_of(const std::string& name, std::string_view path) {
  if (topics::is_reserved(name)) {
    return fail(Errc::kForbidden, json::quoted(name) + ": names that begin with $ are the broker's",
                "topic");
  }
  if (is_of_subscriptions(name, path)) {
    return std::string(topics::kMercureRoot) + name;
  }
  if (Status valid = topics::check_topic(name); !valid) {
    return fail(Errc::kInvalid, json::quoted(name) + ": " + valid.error().detail, "topic");
  }
  return name;
}

Status add_selector(const std::string& text, const mercure::Holder& reader, std::string_view path,
                    SubscriptionSpec& spec) {
  if (text.empty() || text.size() > kMostSelectorBytes || !is_utf8(text)) {
    return fail(Errc::kInvalid, "must be 1 to 4096 bytes of UTF-8", "topic");
  }
  if (std::find(spec.selectors.begin(), spec.selectors.end(), text) != spec.selectors.end()) {
    return Ok{};
  }
  spec.selectors.push_back(text);
  if (mercure::Selector selector = mercure::read_selector(text); selector.matcher) {
    // Who gets no private updates has nothing to do with topics that have no others.
    const bool sees_none = text == "*" && reader.subscribe == nullptr;
    spec.matchers.push_back(
        sees_none ? mercure::match_all_but(std::string(path) + std::string(kSubscriptions))
                  : std::move(selector.matcher));
    return Ok{};
  }
  Result<std::string> topic = topic_of(text, path);
  if (!topic) {
    return std::move(topic).failure();
  }
  spec.patterns.push_back(*std::move(topic));
  return Ok{};
}

// Of each of the hub's topics, and each has to be granted.
Status check_publish(const std::vector<std::string>& names, const mercure::Holder& publisher,
                     std::string_view path) {
  for (const std::string& name : names) {
    if (is_of_subscriptions(name, path)) {
      return fail(Errc::kForbidden, json::quoted(name) + ": only the hub tells of subscriptions",
                  "topic");
    }
    if (auto topic = topic_of(name, path); !topic) {
      return std::move(topic).failure();
    }
    if (publisher.publish == nullptr || !publisher.publish->matches(name)) {
      return fail(Errc::kUnauthorized,
                  "the token does not grant to publish in " + json::quoted(name), "topic");
    }
  }
  return Ok{};
}

bool has_etag(const http::Request& request, std::string_view etag) {
  const std::string_view known = request.header("if-none-match");
  return known == "*" || known.find(etag) != std::string_view::npos;
}

// What follows the path of the list: a topic, and a subscriber, or neither.
struct Asked {
  std::optional<std::string> topic;
  std::optional<std::string> subscriber;
};

Result<Asked> read_path(std::string_view below) {
  Asked asked;
  for (auto* part : {&asked.topic, &asked.subscriber}) {
    if (below.empty()) {
      return asked;
    }
    below.remove_prefix(1);
    const size_t end = std::min(below.find('/'), below.size());
    auto text = http::percent_decode(below.substr(0, end));
    if (!text) {
      return std::move(text).failure();
    }
    *part = *std::move(text);
    below.remove_prefix(end);
  }
  return below.empty() ? Result(asked) : fail(Errc::kNotFound, "no such route");
}

}  // namespace

Result<SubscriptionSpec> read_mercure_subscription(const http::Request& request,
                                                   const http::Target& target,
                                                   const mercure::Holder& reader,
                                                   const Options& options) {
  SubscriptionSpec spec;
  const uint64_t most = options.limits.topics_per_subscription;
  for (const auto& [name, value] : target.query) {
    if (name != "topic") {
      continue;
    }
    if (Status added = add_selector(value, reader, options.mercure.path, spec); !added) {
      return std::move(added).failure();
    }
    if (spec.selectors.size() > most) {
      return fail(Errc::kInvalid,
                  "more topics than limits.topics_per_subscription: " + std::to_string(most),
                  "topic");
    }
  }
  if (spec.selectors.empty()) {
    return fail(Errc::kInvalid, "name at least one topic: ?topic=...", "topic");
  }
  std::sort(spec.patterns.begin(), spec.patterns.end());
  spec.private_topics = reader.subscribe;
  spec.rendering.mercure = true;
  std::string id = last_event_id(request, target);
  if (!id.empty()) {
    spec.id_header = kIdHeader;
  }
  if (id == "earliest") {
    spec.start.since.kind = topics::Since::Kind::kEarliest;
  } else {
    spec.start.last_event_id = std::move(id);
  }
  return spec;
}

Result<std::vector<Draft>> read_mercure_form(std::string_view body,
                                             const mercure::Holder& publisher,
                                             const MercurePublishing& publishing) {
  Result<mercure::UpdateForm> form = mercure::read_update_form(body);
  if (!form) {
    return std::move(form).failure();
  }
  if (Status allowed = check_publish(form->topics, publisher, publishing.path); !allowed) {
    return std::move(allowed).failure();
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

Result<http::Response> mercure_subscription_list(const http::Request& request, const Route& route,
                                                 const mercure::Holder& reader,
                                                 const mercure::Options& options,
                                                 const MercureSubscriptions& subscriptions) {
  const std::string list = options.path + std::string(kSubscriptions);
  const std::string id = list + route.below;
  if (reader.subscribe == nullptr || !reader.subscribe->matches(id)) {
    return fail(Errc::kUnauthorized,
                "the token does not grant to subscribe to " + json::quoted(id));
  }
  const Result<Asked> asked = read_path(route.below);
  if (!asked) {
    return Failure{asked.error()};
  }
  const auto listing = subscriptions.list(asked->topic, asked->subscriber);
  if (asked->subscriber && listing.entries.empty()) {
    return fail(Errc::kNotFound, "no such subscription");
  }
  const std::string etag = "\"" + listing.version + "\"";
  http::Response response{.content_type = "application/ld+json",
                          .headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}}};
  if (has_etag(request, etag)) {
    response.status = 304;
    response.content_type = {};
    return response;
  }
  response.body =
      asked->subscriber
          ? mercure::subscription_document(list, listing.entries.front(), listing.last_id)
          : mercure::subscriptions_document(list, id, listing.entries, listing.last_id);
  return response;
}

void expose_mercure_id(Headers& cors) {
  if (std::any_of(cors.begin(), cors.end(), [](const auto& header) {
        return header.first == "Access-Control-Allow-Origin";
      })) {
    cors.emplace_back("Access-Control-Expose-Headers", kIdHeader);
  }
}

}  // namespace ringcast::server
