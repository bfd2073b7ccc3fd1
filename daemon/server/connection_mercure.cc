// The Mercure protocol: what of it is not like other publishing and subscribing. The rules are in
// mercure/ and mercure_handler.cc.
#include <utility>

#include "server/connection.h"
#include "server/mercure_handler.h"
#include "server/worker.h"

namespace ringcast::server {

Status Connection::check_mercure_caller(const http::Request& head) {
  Dialogue& dialogue = *dialogue_;
  if (Status known =
          dialogue.mercure_caller.identify(head, dialogue.target, listening_, worker_.settings(),
                                           worker_.services().hub.clock().unix_ms());
      !known) {
    dialogue.caller.be_nobody(*worker_.settings().auth);
    return known;
  }
  dialogue.caller.be(dialogue.mercure_caller.holder()->identity);
  return Ok{};
}

Result<std::vector<Draft>> Connection::read_mercure_update(const http::Request& request,
                                                           std::string_view epoch) const {
  return read_mercure_form(request.body, *dialogue_->mercure_caller.holder(),
                           {.path = worker_.settings().options.mercure.path,
                            .own_topics = worker_.settings().mercure->own_topics(),
                            .epoch = epoch,
                            .clock = worker_.services().hub.clock()});
}

Result<SubscriptionSpec> Connection::read_mercure_topics(const http::Request& request) {
  return read_mercure_subscription(request, dialogue_->target, *dialogue_->mercure_caller.holder(),
                                   worker_.settings());
}

void Connection::join_mercure(const SubscriptionSpec& spec) {
  Services& services = worker_.services();
  const mercure::Options& options = worker_.settings().options.mercure;
  if (options.subscriptions) {
    mercure_stay_ = services.mercure_subscriptions.join(
        options.path + std::string(kSubscriptionsPath),
        with_charged_payloads(spec.mercure_topics, services.hub.budget()));
  }
}

http::Response Connection::mercure_document(const http::Request& request) {
  const Dialogue& dialogue = *dialogue_;
  const mercure::Options& options = worker_.settings().options.mercure;
  if (dialogue.route.endpoint == Endpoint::kMercureMetadata) {
    return mercure_metadata(options);
  }
  Result<http::Response> response = mercure_subscription_list(
      request, dialogue.route, *dialogue.mercure_caller.holder(), options,
      worker_.services().mercure_subscriptions, worker_.services().hub.budget());
  if (response) {
    return *std::move(response);
  }
  http::Response refusal = problem_for(response.error());
  name_mercure_metadata(refusal);
  return refusal;
}

// Where an access token can be had is in the hub's metadata (RFC 9728 section 5.1).
void Connection::name_mercure_metadata(http::Response& refusal) const {
  const mercure::Options& options = worker_.settings().options.mercure;
  const Endpoint endpoint = dialogue_->route.endpoint;
  if (options.resource.empty() ||
      (endpoint != Endpoint::kMercure && endpoint != Endpoint::kMercureSubscriptions)) {
    return;
  }
  for (auto& [name, value] : refusal.headers) {
    if (name == "WWW-Authenticate") {
      value += ", resource_metadata=\"" + mercure_metadata_url(options) + "\"";
    }
  }
}

// Where what one asks for is told of as well (RFC 8288).
http::Response Connection::with_discovery(http::Response response) const {
  const Endpoint endpoint = dialogue_->route.endpoint;
  if (worker_.settings().mercure != nullptr && response.status == 200 &&
      (endpoint == Endpoint::kPage || endpoint == Endpoint::kTopic)) {
    response.headers.emplace_back(
        "Link", "<" + worker_.settings().options.mercure.path + ">; rel=\"mercure\"");
  }
  return response;
}

}  // namespace ringcast::server
