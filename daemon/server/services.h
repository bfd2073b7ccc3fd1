#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "auth/authenticator.h"
#include "base/counter.h"
#include "base/duration_histogram.h"
#include "base/log.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "mercure/authority.h"
#include "net/listener.h"
#include "net/tls_identity.h"
#include "server/admission.h"
#include "server/hub.h"
#include "server/journal_readers.h"
#include "server/mercure_subscriptions.h"
#include "server/options.h"
#include "server/presence.h"
#include "server/rate_limiter.h"
#include "server/router.h"

namespace ringcast::server {

// What can change while the daemon runs. Immutable; a reload puts another in its place.
struct Settings {
  Options options;
  std::shared_ptr<const auth::Authenticator> auth;
  std::string cookie;  // The name of the one that may carry a token; empty: none.
  std::shared_ptr<const mercure::Authority> mercure;  // Null: the protocol is not spoken.

  // Of the Mercure hub; null: there is none.
  [[nodiscard]] const mercure::HubTopics* own_topics() const {
    return mercure == nullptr ? nullptr : &mercure->own_topics();
  }
  // Whether what began with this source may go on.
  [[nodiscard]] bool vouches_for(uint64_t source) const {
    return auth->vouches_for(source) || (mercure != nullptr && mercure->vouches_for(source));
  }
};
using SettingsRef = std::shared_ptr<const Settings>;

// What a listener is there for.
struct Listening {
  bool is_local = false;  // Only this machine reaches it.
  bool is_unix = false;
  // It outlives this process, and the next one accepts what this one does not: so nobody has to
  // be refused.
  bool is_kept = false;
  bool serves_public = true;              // Publishing, subscribing, the page.
  bool serves_admin = true;               // /metrics, /topics, /history, DELETE.
  const net::TlsIdentity* tls = nullptr;  // Its ServedListener's; null: plaintext.

  [[nodiscard]] std::string_view scheme() const { return tls == nullptr ? "http" : "https"; }
  bool operator==(const Listening&) const = default;
};
struct ServedListener {
  net::Listener listener;
  Listening listening;
  std::unique_ptr<net::TlsIdentity> identity{};
};

struct AdminRequest {
  const Route& route;
  const http::Request& request;
  const http::Target& target;
  const auth::Identity& identity;
  const Limits& limits;
  bool is_ready;     // Not starting, not draining.
  bool is_starting;  // The journal is being read.
  // For what other threads have to do first: call it once, and what it returns once, from any
  // thread.
  std::function<std::function<void(http::Response)>()> defer;
};

// Everything but publishing and subscribing; `app` passes it in. Nothing: the response comes later.
// Thread-safe.
using AdminPort = std::function<std::optional<http::Response>(const AdminRequest&)>;

// Why connections end, for the metrics.
enum class CloseReason : uint8_t {
  kPeer,      // The peer closed or reset it.
  kDone,      // After an answer that ends the connection.
  kIdle,      // No request for limits.idle_time.
  kTimeout,   // Too slow with its head or body, or at taking an answer.
  kStalled,   // A subscriber that took nothing for stream.write_stall.
  kLagged,    // A subscriber whose topic disconnects laggards.
  kDrain,     // The daemon ends.
  kOverload,  // Over limits.connections.
  kToken,     // A subscriber whose token expired or was taken back.
};
constexpr size_t kCloseReasons = 9;
// What presence events call the end of a stream.
[[nodiscard]] std::string_view presence_reason(CloseReason reason);

// What refused or held up a client, for the metrics.
enum class Limit : uint8_t {
  kConnections,
  kConnectionsPerAddress,
  kConnectionsPerToken,
  kPublishRatePerAddress,
  kPublishRatePerToken,
  kTopics,
  kTopicsPerToken
};
constexpr size_t kLimits = 7;

// Classes of status codes, from 1xx to 5xx.
constexpr size_t kStatusClasses = 5;

// What a worker counts. Written by its thread, read by all.
struct WorkerCounts {
  Counter ticks;  // Of its loop: it does not stand still.
  Counter accepted;
  Counter requests;
  std::array<Counter, kStatusClasses> responses;
  Counter refused;  // Answers of 400 and above, and streams that are told to come later.
  Counter subscriptions;
  Counter heartbeats;
  std::array<Counter, kCloseReasons> closed;
  std::array<Counter, kLimits> limited;
  DurationHistogram publishes;  // From the whole request to its answer.
  DurationHistogram loop_lag;   // How late the loop came to its tick.

  void count_response(int status) {
    responses[static_cast<size_t>(status / 100 - 1)].add();
    refused.add(status >= 400 ? 1 : 0);
  }
};

// What all workers share. Outlives them.
struct Services {
  Hub& hub;
  Log log;
  AdminPort admin;
  std::atomic<uint64_t> connections{0};
  std::atomic<uint64_t> shed{0};  // Of them: over limits.connections, being told so.
  std::atomic<uint64_t> subscribers{0};
  std::atomic<bool> is_draining{false};
  std::atomic<bool> is_leaving{false};   // The end of it: on kept listeners nothing new, either.
  std::atomic<bool> is_starting{false};  // The journal is being read.
  // Of all workers together. Server::apply() sets what they allow.
  Admission address_places{Limits{}.connections_per_address};
  Admission token_places{Limits{}.connections_per_token};
  RateLimiter address_rates{{}, 1};
  RateLimiter token_rates{{}, 1};
  Presence presence{hub};
  MercureSubscriptions mercure_subscriptions{hub};
  JournalReaders* journal_readers = nullptr;  // With a journal, until the end.

  void set_limits(const Limits& limits);
  [[nodiscard]] bool is_ready() const { return !is_draining && !is_starting; }
  // Who publishes where the listener is kept need not notice a restart.
  [[nodiscard]] bool takes_publishes(const Listening& listening) const {
    return !is_starting && (!is_draining || listening.is_kept);
  }
  // Dialogues end after their request.
  [[nodiscard]] bool ends_dialogues(const Listening& listening) const {
    return is_draining && (!listening.is_kept || is_leaving);
  }
  // Why requests are refused at the moment.
  [[nodiscard]] std::string_view not_ready_reason() const {
    return is_draining ? "draining" : "starting: the journal is being read";
  }
};

}  // namespace ringcast::server
