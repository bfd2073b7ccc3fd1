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
                            .epoch = epoch,
                            .clock = worker_.services().hub.clock()});
}

Result<SubscriptionSpec> Connection::read_mercure_topics(const http::Request& request) {
  return read_mercure_subscription(request, dialogue_->target, *dialogue_->mercure_caller.holder(),
                                   worker_.settings().options);
}

void Connection::join_mercure(const mercure::HolderRef& holder, const SubscriptionSpec& spec) {
  const mercure::Options& options = worker_.settings().options.mercure;
  if (options.subscriptions) {
    mercure_stay_ = worker_.services().mercure_subscriptions.join(options.path + "/subscriptions",
                                                                  spec.selectors, holder->payload);
  }
}

http::Response Connection::list_mercure_subscriptions(const http::Request& request) {
  const Dialogue& dialogue = *dialogue_;
  Result<http::Response> response = mercure_subscription_list(
      request, dialogue.route, *dialogue.mercure_caller.holder(),
      worker_.settings().options.mercure, worker_.services().mercure_subscriptions);
  return response ? *std::move(response) : problem_for(response.error());
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
