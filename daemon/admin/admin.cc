#include "admin/admin.h"

#include <algorithm>
#include <utility>

#include "admin/dashboard.h"
#include "auth/access.h"
#include "base/json.h"
#include "base/text.h"
#include "server/connection.h"
#include "topics/name.h"

namespace ringcast {
extern const std::string_view page_html;  // admin/page.html, compiled in.
}

namespace ringcast::admin {

namespace {

using server::Endpoint;
using server::problem_for;

constexpr uint64_t kDefaultLimit = 100;
constexpr uint64_t kMostLimit = 1000;

http::Response json_response(std::string body) {
  body += '\n';
  return {.content_type = "application/json", .body = std::move(body)};
}

void append_position(std::string& out, std::string_view name, const std::string& position) {
  out.append(",\"").append(name).append("\":");
  if (position.empty()) {
    out += "null";
  } else {
    json::append_string(out, position);
  }
}

void append_topic(std::string& out, const server::TopicView& topic) {
  out += "{\"name\":";
  json::append_string(out, topic.name);
  out += ",\"subscribers\":" + std::to_string(topic.subscribers) +
         ",\"events\":" + std::to_string(topic.events) +
         ",\"bytes\":" + std::to_string(topic.bytes);
  append_position(out, "oldest", topic.oldest);
  append_position(out, "newest", topic.newest);
  out += '}';
}

http::Response no_such_topic(const std::string& topic) {
  return problem_for(
      {.code = Errc::kNotFound, .detail = "no such topic: " + topic, .field = "topic"});
}

http::Response page() {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(page_html),
          .headers = page_headers("style-src 'unsafe-inline'; script-src 'unsafe-inline'")};
}

}  // namespace

std::optional<http::Response> Admin::operator()(const server::AdminRequest& request) {
  const Endpoint endpoint = request.route.endpoint;
  const bool needs_history = endpoint == Endpoint::kTopics || endpoint == Endpoint::kTopic ||
                             endpoint == Endpoint::kHistory;
  if (request.is_starting && (needs_history || endpoint == Endpoint::kReady)) {
    return problem_for(
        {.code = Errc::kOverloaded, .detail = "starting: the journal is being read"});
  }
  switch (request.route.endpoint) {
    case Endpoint::kPage:
      return page();
    case Endpoint::kDashboard:
      return request.route.lacks_slash ? dashboard_redirect() : dashboard_file(request.route.file);
    case Endpoint::kHealth:
      return http::Response{.content_type = "text/plain", .body = "ok\n"};
    case Endpoint::kReady:
      return request.is_ready ? http::Response{.content_type = "text/plain", .body = "ready\n"}
                              : problem_for({.code = Errc::kOverloaded, .detail = "draining"});
    case Endpoint::kMetrics:
      return show_metrics(request);
    case Endpoint::kTopics:
      return list_topics(request);
    case Endpoint::kTopic:
      if (request.request.method == http::Method::kDelete) {
        return delete_topic(request);
      }
      return show_topic(request);
    case Endpoint::kHistory:
      return answer_history(hub_, readers_, request);
    case Endpoint::kEvents:
    case Endpoint::kMercure:
    case Endpoint::kMercureSubscriptions:
    case Endpoint::kMercureMetadata:
      break;  // The server's own.
  }
  return problem_for({.code = Errc::kNotFound});
}

Result<uint64_t> page_limit(const http::Target& target) {
  const auto text = target.parameter("limit");
  if (!text) {
    return kDefaultLimit;
  }
  const uint64_t limit = parse_uint(*text).value_or(0);
  if (limit < 1 || limit > kMostLimit) {
    return fail(Errc::kInvalid, "must be 1 to 1000", "limit");
  }
  return limit;
}

// Gathering them is not for a worker's loop.
std::optional<http::Response> Admin::show_metrics(const server::AdminRequest& request) {
  if (const Status granted = auth::check_admin(request.identity, "metrics"); !granted) {
    return problem_for(granted.error());
  }
  metrics_([respond = request.defer()](std::string text) {
    respond({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(text)});
  });
  return std::nullopt;
}

http::Response Admin::list_topics(const server::AdminRequest& request) {
  if (const Status granted = auth::check_admin(request.identity, "topics"); !granted) {
    return problem_for(granted.error());
  }
  const Result<uint64_t> limit = page_limit(request.target);
  if (!limit) {
    return problem_for(limit.error());
  }
  bool more = false;
  const std::vector<server::TopicView> topics = hub_.list(
      request.target.parameter("prefix").value_or(""),
      request.target.parameter("after").value_or(""), *limit,
      [&](std::string_view name) { return request.identity.grants.may_subscribe(name); }, more);
  std::string body = "{\"topics\":[";
  for (const server::TopicView& topic : topics) {
    body += &topic == topics.data() ? "" : ",";
    append_topic(body, topic);
  }
  body += "],\"next\":";
  body += more ? json::quoted(topics.back().name) : "null";
  return json_response(body + "}");
}

http::Response Admin::show_topic(const server::AdminRequest& request) {
  const std::string& name = request.route.topic;
  Status granted = auth::check_admin(request.identity, "topics");
  granted = granted ? auth::check_subscribe(request.identity, name) : granted;
  if (!granted) {
    return problem_for(granted.error());
  }
  if (const Status valid = topics::check_topic(name); !valid) {
    return problem_for(valid.error());
  }
  const std::optional<server::TopicView> topic = hub_.view(name);
  if (!topic) {
    return no_such_topic(name);
  }
  std::string body;
  append_topic(body, *topic);
  return json_response(std::move(body));
}

std::optional<http::Response> Admin::delete_topic(const server::AdminRequest& request) {
  const std::string& name = request.route.topic;
  if (const Status valid = topics::check_topic(name); !valid) {
    return problem_for(valid.error());
  }
  if (topics::is_reserved(name)) {
    return problem_for({.code = Errc::kForbidden,
                        .detail = "topics that start with $ belong to the broker",
                        .field = "topic"});
  }
  Status granted = auth::check_admin(request.identity, "delete");
  granted = granted ? auth::check_publish(request.identity, name) : granted;
  if (!granted) {
    return problem_for(granted.error());
  }
  if (!hub_.has_journal()) {
    hub_.clear(name);
    return http::Response{.status = 204};
  }
  hub_.submit_clear(name, [later = request.defer()](const Result<server::Receipt>& cleared,
                                                    const std::vector<server::Draft>& /*none*/) {
    later(cleared ? http::Response{.status = 204} : problem_for(cleared.error()));
  });
  return std::nullopt;
}

}  // namespace ringcast::admin
