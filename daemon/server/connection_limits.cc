// For whom a connection is, and what limits for each client allow it.
#include <algorithm>

#include "server/connection.h"
#include "server/worker.h"

namespace ringcast::server {

void Services::set_limits(const Limits& limits) {
  address_places.set_places(limits.connections_per_address);
  token_places.set_places(limits.connections_per_token);
  address_rates.set_options({limits.publish_rate_per_address, limits.publish_burst_ms},
                            limits.tracked_clients);
  token_rates.set_options({limits.publish_rate_per_token, limits.publish_burst_ms},
                          limits.tracked_clients);
}

bool Connection::expects_proxy_header() const {
  const ProxyOptions& proxies = worker_.settings().options.proxies;
  return proxies.has_protocol && listening_.tls == nullptr && proxies.trusts(peer_.address);
}

// False until the header is there, or when the connection ends for it.
bool Connection::take_proxy_header(std::string_view& bytes) {
  net::ProxyHeaderParser& header = *dialogue_->proxy_header;
  const Result<size_t> used = header.feed(bytes);
  if (!used) {
    worker_.access_log().misbegun(LogLevel::kWarn, "a trusted proxy sent no PROXY header",
                                  client_of(peer_, worker_.settings().options.proxies).text());
    doom(CloseReason::kDone);  // It speaks something else: no answer would be understood.
    return false;
  }
  bytes.remove_prefix(*used);
  if (!header.is_done()) {
    return false;
  }
  using Told = net::ProxyHeaderParser::Peer;
  peer_.is_hidden = header.peer() == Told::kUnknown;
  if (header.peer() == Told::kAddress) {
    peer_ = {.address = header.source(), .is_told = true};
  }
  dialogue_->proxy_header.reset();
  take_address_place();
  return true;
}

void Connection::take_address_place() {
  const Client client = client_of(peer_, worker_.settings().options.proxies);
  if (client.is_counted) {
    address_place_ = worker_.services().address_places.admit(client.key);
    has_no_place_ = !address_place_;
  }
  if (has_no_place_) {
    count(Limit::kConnectionsPerAddress);
  } else if (is_shed_) {
    count(Limit::kConnections);
  }
}

// What a stream holds for as long as it lasts: a place of its token, and of its client where a
// proxy said who that is. Nothing is held until it is one.
Result<StreamPlaces> Connection::find_stream_places() {
  Services& services = worker_.services();
  const Dialogue& dialogue = *dialogue_;
  StreamPlaces places;
  if (dialogue.client.is_counted && !address_place_) {
    places.of_address = services.address_places.admit(dialogue.client.key);
    if (!places.of_address) {
      count(Limit::kConnectionsPerAddress);
      return fail(Errc::kOverloaded, "limits.connections_per_address are in use");
    }
  }
  if (const std::string& name = dialogue.caller.identity()->name; !name.empty()) {
    places.of_token = services.token_places.admit(name);
    if (!places.of_token) {
      count(Limit::kConnectionsPerToken);
      return fail(Errc::kOverloaded, "limits.connections_per_token are in use");
    }
  }
  return places;
}

std::string_view Connection::shed_reason() const {
  return has_no_place_ ? "limits.connections_per_address are in use"
         : is_shed_    ? "limits.connections are in use"
                       : "";
}

// Who has a token counts by it, others by where they are.
Publisher Connection::publisher() const {
  const std::string& name = dialogue_->caller.identity()->name;
  return {name, name.empty() ? std::string_view(dialogue_->client.key) : name};
}

void Connection::count(Limit limit) {
  worker_.counts().limited[static_cast<size_t>(limit)].add();
}

// What the hub refuses because of limits says so by its code and field: see Hub::make_room().
void Connection::count_refused(const Error& error) {
  if (error.code == Errc::kTooMany) {
    count(Limit::kTopicsPerToken);
  } else if (error.code == Errc::kOverloaded && error.field == "topic") {
    count(Limit::kTopics);
  }
}

// Until so many events may be published; if they may, they count.
RateWait Connection::rate_wait(uint64_t events) {
  Services& services = worker_.services();
  const std::string& name = dialogue_->caller.identity()->name;
  const auto by_address = services.address_rates.take(dialogue_->client.key, events, now_ms_);
  if (!by_address.is_allowed) {
    count(Limit::kPublishRatePerAddress);
    return {std::max<int64_t>(by_address.wait_ms, 1), "over limits.publish_rate_per_address"};
  }
  if (name.empty()) {
    return {};
  }
  const auto by_token = services.token_rates.take(name, events, now_ms_);
  if (!by_token.is_allowed) {
    // Others at the address do not pay for it.
    services.address_rates.give_back(dialogue_->client.key, events);
    count(Limit::kPublishRatePerToken);
    return {std::max<int64_t>(by_token.wait_ms, 1), "over limits.publish_rate_per_token"};
  }
  return {};
}

// They were not published after all.
void Connection::give_rate_back(uint64_t events) {
  if (events > 0) {
    worker_.services().address_rates.give_back(dialogue_->client.key, events);
    worker_.services().token_rates.give_back(dialogue_->caller.identity()->name, events);
  }
}

http::Response too_many(const RateWait& wait) {
  http::Response response =
      http::problem({.code = Errc::kTooMany, .detail = std::string(wait.why)});
  response.headers.emplace_back("Retry-After", std::to_string((wait.ms + 999) / 1000));
  return response;
}

}  // namespace ringcast::server
