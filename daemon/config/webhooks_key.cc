#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/web_url.h"
#include "config/assignment.h"
#include "config/composite_keys.h"
#include "config/keys.h"
#include "config/string_list.h"
#include "config/units.h"
#include "topics/name.h"

namespace ringcast::config {

namespace {

using Webhook = webhooks::Options;

constexpr size_t kMostNameBytes = 64;

template <auto Member>
auto& member(Config& config) {
  return config.webhooks.front().*Member;
}

Status read_webhook_topics(const Node& value, std::string_view path, Config& config) {
  auto topics = read_strings(value, path, [](std::string_view pattern) -> Status {
    if (topics::is_reserved(pattern)) {
      return fail(Errc::kInvalid, "names that begin with $ are the broker's");
    }
    return topics::check_pattern(pattern);
  });
  if (!topics) {
    return std::move(topics).failure();
  }
  for (auto topic = topics->begin(); topic != topics->end(); ++topic) {
    if (std::find(topics->begin(), topic, *topic) != topic) {
      return fail_at(value.where, path, json::quoted(*topic) + " is there twice");
    }
  }
  config.webhooks.front().topics = *std::move(topics);
  return Ok{};
}

std::string print_webhook_topics(const Config& config) {
  return " " + print_strings(config.webhooks.front().topics);
}

Status read_events(const Node& value, std::string_view path, Config& config) {
  auto names = read_strings(value, path, [](std::string_view name) -> Status {
    if (name == "publish" || name == "join" || name == "leave") {
      return Ok{};
    }
    return fail(Errc::kInvalid, "must be publish, join or leave");
  });
  if (!names) {
    return std::move(names).failure();
  }
  const auto has = [&](std::string_view name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  Webhook& webhook = config.webhooks.front();
  webhook.sends_publish = has("publish");
  webhook.sends_join = has("join");
  webhook.sends_leave = has("leave");
  return Ok{};
}

std::string print_events(const Config& config) {
  const Webhook& webhook = config.webhooks.front();
  std::string names;
  for (const auto& [name, is_sent] : {std::pair{"publish", webhook.sends_publish},
                                      {"join", webhook.sends_join},
                                      {"leave", webhook.sends_leave}}) {
    names += is_sent ? (names.empty() ? "" : ", ") + std::string(name) : "";
  }
  return " [" + names + "]";
}

constexpr std::array kWebhookKeys = {
    Key{"name", kLive, Text{member<&Webhook::name>, "a name"}},
    Key{"url", kLive, Text{member<&Webhook::url>, "a URL"}},
    Key{"topics", kLive,
        Composite{read_webhook_topics, print_webhook_topics, "a list of patterns"}},
    Key{"events", kLive, Composite{read_events, print_events, "a list of publish, join, leave"}},
    Key{"secret_file", kLive, Text{member<&Webhook::secret_file>, "a file"}},
    Key{"batch", kLive, Count{member<&Webhook::batch>, 1, 1000}},
    Key{"batch_bytes", kLive, Size{member<&Webhook::batch_bytes>, kKiB, 64 * kMiB}},
    Key{"timeout", kLive, Time{member<&Webhook::timeout_ms>, 100, 10 * kMinute}},
    Key{"retry", kLive, Time{member<&Webhook::retry_ms>, 10, kHour}},
    Key{"retry_most", kLive, Time{member<&Webhook::retry_most_ms>, 10, kDay}},
    Key{"give_up", kLive, Time{member<&Webhook::give_up_ms>, 0, 30 * kDay}},
};

// The name is in logs and metrics, so that it is short and has no odd characters.
Status check_name(const Webhook& webhook, const std::vector<Webhook>& others) {
  const std::string& name = webhook.name;
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (name.empty()) {
    return fail(Errc::kInvalid, "needs name, what logs and metrics call it");
  }
  if (!is_plain || name.size() > kMostNameBytes) {
    return fail(Errc::kInvalid, "must be at most 64 letters, digits, -, _ or .", "name");
  }
  if (std::any_of(others.begin(), others.end(),
                  [&](const Webhook& other) { return other.name == name; })) {
    return fail(Errc::kInvalid, json::quoted(name) + " is there already", "name");
  }
  return Ok{};
}

Status check_url(const std::string& text) {
  if (text.empty()) {
    return fail(Errc::kInvalid, "needs url, where events are sent to");
  }
  const auto url = parse_web_url(text);
  if (!url || (url->scheme != "https" && url->scheme != "http")) {
    return fail(Errc::kInvalid, "must be an https URL with a host, without user and password",
                "url");
  }
  if (!url->is_protected()) {
    return fail(Errc::kInvalid,
                "must be https: with http, whoever is on the way to " + std::string(url->host) +
                    " could read what is published",
                "url");
  }
  return Ok{};
}

Status check_rest(const Webhook& webhook) {
  if (webhook.topics.empty()) {
    return fail(Errc::kInvalid, "needs topics, as in [\"orders/**\"]");
  }
  if (!webhook.sends_publish && !webhook.sends_join && !webhook.sends_leave) {
    return fail(Errc::kInvalid, "must name at least one of publish, join and leave", "events");
  }
  if (webhook.secret_file.empty()) {
    return fail(Errc::kInvalid,
                "needs secret_file, what requests are signed with (echo whsec_$(openssl rand "
                "-base64 32) makes one)");
  }
  if (webhook.retry_most_ms < webhook.retry_ms) {
    return fail(Errc::kInvalid, "must be at least retry", "retry_most");
  }
  return Ok{};
}

Status check_webhook(const Webhook& webhook, const std::vector<Webhook>& others) {
  Status status = check_name(webhook, others);
  status = status ? check_url(webhook.url) : std::move(status);
  return status ? check_rest(webhook) : std::move(status);
}

Result<Webhook> read_webhook(const Node& map, const std::string& path,
                             const std::vector<Webhook>& others) {
  if (map.kind != Node::Kind::kMap) {
    return fail_at(map.where, path,
                   "must be a map with name, url, topics and secret_file, not " + found(map));
  }
  std::vector<Assignment> assignments;
  if (auto status = assign(map, kWebhookKeys, path + ".", {}, assignments); !status) {
    return std::move(status).failure();
  }
  Config scratch;
  scratch.webhooks.resize(1);
  if (auto status = apply(assignments, scratch); !status) {
    return std::move(status).failure();
  }
  Webhook& webhook = scratch.webhooks.front();
  if (auto status = check_webhook(webhook, others); !status) {
    const Error& error = status.error();
    return fail_at(where_of(map, error.field),
                   error.field.empty() ? path : path + "." + error.field, error.detail);
  }
  return std::move(webhook);
}

}  // namespace

std::span<const Key> webhook_keys() {
  return kWebhookKeys;
}

Status read_webhooks(const Node& value, std::string_view path, Config& config) {
  if (value.kind != Node::Kind::kSequence && value.kind != Node::Kind::kNull) {
    return fail_at(value.where, path, "must be a list of webhooks, not " + found(value));
  }
  std::vector<Webhook> webhooks;
  for (const NodePtr& item : value.items) {
    const std::string name = std::string(path) + "[" + std::to_string(webhooks.size()) + "]";
    auto webhook = read_webhook(*item, name, webhooks);
    if (!webhook) {
      return std::move(webhook).failure();
    }
    webhooks.push_back(*std::move(webhook));
  }
  config.webhooks = std::move(webhooks);
  return Ok{};
}

std::string print_webhooks(const Config& config) {
  constexpr size_t kIndent = 4;
  std::string out;
  for (const Webhook& webhook : config.webhooks) {
    Config scratch;
    scratch.webhooks = {webhook};
    std::string lines = print_keys(kWebhookKeys, scratch, kIndent);
    lines.replace(0, kIndent, "  - ");
    out.append("\n").append(lines);
    out.pop_back();  // The end of the last line is that of the list.
  }
  return out.empty() ? " []" : out;
}

}  // namespace ringcast::config
