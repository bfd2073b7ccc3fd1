#include "config/keys.h"

#include <algorithm>
#include <array>

#include "config/composite_keys.h"
#include "config/units.h"

namespace ringcast::config {

namespace {

constexpr int64_t kTenYears = 3650 * kDay;
constexpr uint64_t kMany = 10'000'000;
constexpr uint64_t kManyOnDisk = 1'000'000'000;

constexpr std::array<std::string_view, 2> kLagged = {"skip", "disconnect"};
constexpr std::array<std::string_view, 3> kSyncs = {"always", "interval", "off"};
// In the order of http::ForwardedHeader.
constexpr std::array<std::string_view, 3> kHeaders = {"x-forwarded-for", "forwarded", "none"};
// In the order of server::AccessLines.
constexpr std::array<std::string_view, 3> kAccessLines = {"refused", "all", "none"};
constexpr std::array<std::string_view, 3> kFormats = {"auto", "text", "json"};

template <auto Member>
auto& server(Config& config) {
  return config.server.*Member;
}
template <auto Member>
auto& policy(Config& config) {
  return config.server.policies.fallback.*Member;
}
template <auto Member>
auto& retain(Config& config) {
  return config.server.policies.fallback.retain.*Member;
}
template <auto Member>
auto& journaling(Config& config) {
  return config.journal.*Member;
}
template <auto Member>
auto& stream(Config& config) {
  return config.server.stream.*Member;
}
template <auto Member>
auto& idempotency(Config& config) {
  return config.server.idempotency.*Member;
}
template <auto Member>
auto& proxy(Config& config) {
  return config.server.proxies.*Member;
}
template <auto Member>
auto& jwt(Config& config) {
  return config.auth.jwt.*Member;
}
template <auto Member>
auto& mercure(Config& config) {
  return config.server.mercure.*Member;
}
template <auto Member>
auto& mercure_jwt(Config& config) {
  return config.server.mercure.jwt.*Member;
}
template <auto Member>
auto& mercure_subscriber_jwt(Config& config) {
  return config.server.mercure.subscriber_jwt.*Member;
}
template <auto Member>
auto& limit(Config& config) {
  return config.server.limits.*Member;
}

constexpr Choice kLaggedChoice = {
    kLagged,
    [](const Config& config) {
      return static_cast<size_t>(config.server.policies.fallback.lagged);
    },
    [](Config& config, size_t index) {
      config.server.policies.fallback.lagged = static_cast<topics::Lagged>(index);
    }};
constexpr Choice kSyncChoice = {
    kSyncs, [](const Config& config) { return static_cast<size_t>(config.journal.sync); },
    [](Config& config, size_t index) { config.journal.sync = static_cast<journal::Sync>(index); }};
constexpr Choice kHeaderChoice = {
    kHeaders,
    [](const Config& config) { return static_cast<size_t>(config.server.proxies.header); },
    [](Config& config, size_t index) {
      config.server.proxies.header = static_cast<http::ForwardedHeader>(index);
    }};
constexpr Choice kLevelChoice = {
    kLogLevels, [](const Config& config) { return static_cast<size_t>(config.log.level); },
    [](Config& config, size_t index) { config.log.level = static_cast<LogOptions::Level>(index); }};
constexpr Choice kAccessChoice = {
    kAccessLines,
    [](const Config& config) { return static_cast<size_t>(config.server.access_lines); },
    [](Config& config, size_t index) {
      config.server.access_lines = static_cast<server::AccessLines>(index);
    }};
constexpr Choice kFormatChoice = {
    kFormats, [](const Config& config) { return static_cast<size_t>(config.log.format); },
    [](Config& config, size_t index) {
      config.log.format = static_cast<LogOptions::Format>(index);
    }};

using topics::Policy;
using topics::Retain;
using Journal = journal::Options;
using Limits = server::Limits;
using Proxies = server::ProxyOptions;
using Stream = server::StreamOptions;
using Jwt = auth::JwtOptions;
using Mercure = mercure::Options;
using Idempotency = server::IdempotencyOptions;
using Server = server::Options;

constexpr std::array kKeys = {
    Key{"listen", kRestart, Composite{read_listen, print_listen, "a list of addresses"}},
    Key{"workers", kRestart, Composite{read_workers, print_workers, "auto or 1 to 63", true}},
    Key{"history.events", kLive, Count{policy<&Policy::events>, 0, kMany}, "history.events"},
    Key{"history.bytes", kLive, Size{policy<&Policy::bytes>, kKiB, kTiB}, "history.bytes"},
    Key{"history.age", kLive, Time{policy<&Policy::age_ms>, kSecond, kTenYears, true},
        "history.age"},
    Key{"history.keep", kLive, Count{policy<&Policy::keep>, 0, kMany}, "history.keep"},
    Key{"history.grace", kLive, Time{policy<&Policy::grace_ms>, 0, 10 * kMinute}, "history.grace"},
    Key{"lagged", kLive, kLaggedChoice, "lagged"},
    Key{"journal.path", kRestart, Text{journaling<&Journal::path>, "a directory or \"\""}},
    Key{"journal.sync", kRestart, kSyncChoice},
    Key{"journal.interval", kLive, Time{journaling<&Journal::interval_ms>, 10, kMinute}},
    Key{"journal.pending", kLive, Size{journaling<&Journal::pending_bytes>, 64 * kKiB, 64 * kGiB}},
    Key{"journal.retain.bytes", kLive, Size{journaling<&Journal::max_bytes>, 16 * kMiB, 16 * kTiB}},
    Key{"journal.retain.age", kLive, Time{retain<&Retain::age_ms>, kSecond, kTenYears, true},
        "retain.age"},
    Key{"journal.retain.topic_bytes", kLive, Size{retain<&Retain::bytes>, kKiB, 16 * kTiB, true},
        "retain.bytes"},
    Key{"journal.retain.topic_events", kLive, Count{retain<&Retain::events>, 0, kManyOnDisk},
        "retain.events"},
    Key{"topics", kLive, Composite{read_topics, print_topics, "a list of rules"}},
    Key{"memory", kRestart, Size{server<&Server::memory_bytes>, kMiB, 16 * kTiB}},
    Key{"stream.heartbeat", kLive, Time{stream<&Stream::heartbeat_ms>, 100, kHour, true}},
    Key{"stream.retry", kLive, Time{stream<&Stream::retry_ms>, 100, kDay}},
    Key{"stream.write_stall", kLive, Time{stream<&Stream::write_stall_ms>, 100, kHour}},
    Key{"stream.send_buffer", kLive, Size{stream<&Stream::send_buffer_bytes>, 4 * kKiB, 64 * kMiB}},
    Key{"idempotency.window", kLive, Time{idempotency<&Idempotency::window_ms>, 100, 7 * kDay}},
    Key{"idempotency.keys", kLive, Count{idempotency<&Idempotency::keys>, 1, kMany}},
    Key{"presence", kLive, Composite{read_presence, print_presence, "a list of patterns"}},
    Key{"webhooks", kLive, Composite{read_webhooks, print_webhooks, "a list of webhooks"}},
    Key{"drain", kLive, Time{server<&Server::drain_ms>, 0, kHour}},
    Key{"page", kLive, Flag{server<&Server::page>}},
    Key{"dashboard", kLive, Flag{server<&Server::dashboard>}},
    Key{"limits.connections", kLive, Count{limit<&Limits::connections>, 1, kMany}},
    Key{"limits.connections_per_address", kLive,
        Count{limit<&Limits::connections_per_address>, 1, kMany}},
    Key{"limits.connections_per_token", kLive,
        Count{limit<&Limits::connections_per_token>, 1, kMany}},
    Key{"limits.topics", kLive, Count{limit<&Limits::topics>, 1, kMany}},
    Key{"limits.topics_per_token", kLive, Count{limit<&Limits::topics_per_token>, 1, kMany}},
    Key{"limits.topics_per_subscription", kLive,
        Count{limit<&Limits::topics_per_subscription>, 1, 1000}},
    Key{"limits.publish_rate_per_address", kLive,
        Count{limit<&Limits::publish_rate_per_address>, 1, kMany}},
    Key{"limits.publish_rate_per_token", kLive,
        Count{limit<&Limits::publish_rate_per_token>, 1, kMany}},
    Key{"limits.publish_burst", kLive, Time{limit<&Limits::publish_burst_ms>, 100, kHour}},
    Key{"limits.tracked_clients", kLive, Count{limit<&Limits::tracked_clients>, 1000, kMany}},
    Key{"limits.head", kLive, Size{limit<&Limits::head_bytes>, kKiB, kMiB}},
    Key{"limits.body", kLive, Size{limit<&Limits::body_bytes>, kKiB, kGiB}},
    Key{"limits.head_time", kLive, Time{limit<&Limits::head_time_ms>, 100, kHour}},
    Key{"limits.body_time", kLive, Time{limit<&Limits::body_time_ms>, 100, kHour}},
    Key{"limits.idle_time", kLive, Time{limit<&Limits::idle_time_ms>, 100, kHour}},
    Key{"auth.anonymous", kLive,
        Composite{read_anonymous, print_anonymous, "local, none or a map of grants", true}},
    Key{"auth.tokens", kLive, Composite{read_tokens, print_tokens, "a list of tokens"}},
    Key{"auth.jwt.algorithms", kLive,
        Composite{read_algorithms, print_algorithms, "a list of algorithms"}},
    Key{"auth.jwt.key_file", kLive, Text{jwt<&Jwt::key_file>, "a file or \"\""}},
    Key{"auth.jwt.key", kLive, Text{jwt<&Jwt::key>, "a PEM public key, a secret or \"\""}},
    Key{"auth.jwt.jwks", kLive, Text{jwt<&Jwt::jwks>, "a file, a URL or \"\""}},
    Key{"auth.jwt.refresh", kLive, Time{jwt<&Jwt::refresh_ms>, kSecond, 7 * kDay}},
    Key{"auth.jwt.issuer", kLive, Text{jwt<&Jwt::issuer>, "text"}},
    Key{"auth.jwt.audience", kLive,
        Composite{read_audience, print_audience, "a name or a list of names"}},
    Key{"auth.jwt.claim", kLive, Text{jwt<&Jwt::claim>, "the name of a claim"}},
    Key{"auth.jwt.leeway", kLive, Time{jwt<&Jwt::leeway_ms>, 0, 10 * kMinute}},
    Key{"auth.jwt.cookie", kLive, Text{jwt<&Jwt::cookie>, "the name of a cookie or \"\""}},
    Key{"mercure.enabled", kLive, Flag{mercure<&Mercure::enabled>}},
    Key{"mercure.path", kRestart, Composite{read_mercure_path, print_mercure_path, "a path", true}},
    Key{"mercure.jwt.algorithms", kLive,
        Composite{read_mercure_algorithms, print_mercure_algorithms, "a list of algorithms"}},
    Key{"mercure.jwt.key_file", kLive, Text{mercure_jwt<&Jwt::key_file>, "a file or \"\""}},
    Key{"mercure.jwt.key", kLive,
        Text{mercure_jwt<&Jwt::key>, "a PEM public key, a secret or \"\""}},
    Key{"mercure.jwt.jwks", kLive, Text{mercure_jwt<&Jwt::jwks>, "a file, a URL or \"\""}},
    Key{"mercure.subscriber_jwt.algorithms", kLive,
        Composite{read_subscriber_algorithms, print_subscriber_algorithms, "a list of algorithms"}},
    Key{"mercure.subscriber_jwt.key_file", kLive,
        Text{mercure_subscriber_jwt<&Jwt::key_file>, "a file or \"\""}},
    Key{"mercure.subscriber_jwt.key", kLive,
        Text{mercure_subscriber_jwt<&Jwt::key>, "a PEM public key, a secret or \"\""}},
    Key{"mercure.subscriber_jwt.jwks", kLive,
        Text{mercure_subscriber_jwt<&Jwt::jwks>, "a file, a URL or \"\""}},
    Key{"mercure.resource", kLive, Text{mercure<&Mercure::resource>, "a URL or \"\""}},
    Key{"mercure.issuer", kLive, Text{mercure<&Mercure::issuer>, "text"}},
    Key{"mercure.anonymous", kLive, Flag{mercure<&Mercure::anonymous>}},
    Key{"mercure.subscriptions", kRestart, Flag{mercure<&Mercure::subscriptions>}},
    Key{"mercure.cookie", kLive, Text{mercure<&Mercure::cookie>, "the name of a cookie or \"\""}},
    Key{"mercure.publish_origins", kLive,
        Composite{read_publish_origins, print_publish_origins, "a list of origins"}},
    Key{"proxies.trusted", kLive, Composite{read_trusted, print_trusted, "a list of networks"}},
    Key{"proxies.header", kLive, kHeaderChoice},
    Key{"proxies.protocol", kLive, Flag{proxy<&Proxies::has_protocol>}},
    Key{"hosts", kLive, Composite{read_hosts, print_hosts, "a list of host names"}},
    Key{"cors.origins", kLive, Composite{read_origins, print_origins, "a list of origins"}},
    Key{"log.level", kLive, kLevelChoice},
    Key{"log.levels", kLive, Composite{read_log_levels, print_log_levels, "a map of modules"}},
    Key{"log.access", kLive, kAccessChoice},
    Key{"log.format", kLive, kFormatChoice},
};

// Made here, so that a rule has the kinds and the order of what it falls back to.
constexpr bool is_in_rules(const Key& key) {
  return !key.in_rule.empty();
}
constexpr auto kRuleKeys = [] {
  std::array<Key, std::count_if(kKeys.begin(), kKeys.end(), is_in_rules)> keys{};
  std::copy_if(kKeys.begin(), kKeys.end(), keys.begin(), is_in_rules);
  for (Key& key : keys) {
    key.path = key.in_rule;
  }
  return keys;
}();

}  // namespace

std::span<const Key> all_keys() {
  return kKeys;
}

std::span<const Key> rule_keys() {
  return kRuleKeys;
}

}  // namespace ringcast::config
