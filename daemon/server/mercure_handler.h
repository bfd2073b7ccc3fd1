#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "mercure/authority.h"
#include "server/cors.h"
#include "server/fanout.h"
#include "server/mercure_subscriptions.h"
#include "server/router.h"
#include "server/services.h"

namespace ringcast::server {

// What a GET of the hub asks for (docs/mercure.md). kInvalid names the parameter; kForbidden what
// belongs to the broker.
Result<SubscriptionSpec> read_mercure_subscription(const http::Request& request,
                                                   const http::Target& target,
                                                   const mercure::Holder& reader,
                                                   const Settings& settings);

// For a stream that keeps them: each payload counts as memory once, as long as one of its topics is
// there.
[[nodiscard]] std::vector<MercureTopic> with_charged_payloads(std::vector<MercureTopic> topics,
                                                              topics::Budget& budget);

struct MercurePublishing {
  std::string_view path;                 // Of the hub,
  const mercure::HubTopics& own_topics;  // and what belongs to it.
  std::string_view epoch;                // The broker's.
  const Clock& clock;                    // For ids.
};

// The update in a form. kInvalid names the field, kUnauthorized what is not granted; kForbidden
// what belongs to the hub.
Result<std::vector<Draft>> read_mercure_form(std::string_view body,
                                             const mercure::Holder& publisher,
                                             const MercurePublishing& publishing);

// The hub as a protected resource (RFC 9728), and where that is told.
[[nodiscard]] http::Response mercure_metadata(const mercure::Options& options);
[[nodiscard]] std::string mercure_metadata_url(const mercure::Options& options);

// The answer to a GET of subscriptions. kUnauthorized without a grant for the path, kNotFound where
// there is no such path or subscription, kBehind while the memory has no room for the answer.
Result<http::Response> mercure_subscription_list(const http::Request& request, const Route& route,
                                                 const mercure::Holder& reader,
                                                 const mercure::Options& options,
                                                 const MercureSubscriptions& subscriptions,
                                                 const topics::Budget& budget);

// Lets a page of another origin, if it may read the answer, read the header with the id.
void expose_mercure_id(Headers& cors);

}  // namespace ringcast::server
