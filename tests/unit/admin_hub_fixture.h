#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin/admin.h"
#include "base/json.h"
#include "server/hub.h"
#include "support/fake_clock.h"
#include "support/identities.h"

namespace ringcast::admin {

// A hub without workers' loops, and the admin routes on it.
struct Desk {
  explicit Desk(server::Options hub_options = {})
      : hub(hub_options, "e", clock),
        admin(hub, [](const std::function<void(std::string)>& take) { take("metric 1\n"); }) {}

  std::string publish(std::vector<std::string> topics, std::string_view data = "x",
                      std::string_view type = "", std::string_view id = "") {
    std::vector<server::Draft> drafts(1);
    drafts[0].event = sse::Event::encode({.type = type, .id = id, .data = data}, std::move(topics));
    const auto receipt = hub.publish(drafts, {}, server::Hub::kNoWorker);
    return receipt ? receipt->last_id : "refused: " + receipt.error().detail;
  }

  http::Response ask(const std::string& text, http::Method method = http::Method::kGet) {
    http::Request request;
    request.method = method;
    request.target = text;
    const http::Target target = *http::parse_target(text);
    const server::Route route = *server::find_route(target, {});
    std::optional<http::Response> deferred;
    const auto defer = [&] {
      return [&](http::Response response) { deferred = std::move(response); };
    };
    auto response =
        admin({route, request, target, test::nobody(grants), limits, is_ready, false, defer});
    return response ? *std::move(response) : *std::move(deferred);
  }
  std::string body(const std::string& text) { return ask(text).body; }
  int status(const std::string& text, http::Method method = http::Method::kGet) {
    return ask(text, method).status;
  }

  FakeClock clock;
  server::Hub hub;
  Admin admin;
  auth::Grants grants = auth::Grants::everything();
  server::Limits limits;
  bool is_ready = true;
};

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace ringcast::admin
