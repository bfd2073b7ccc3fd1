#include "server/cors.h"

#include <algorithm>

namespace ringcast::server {

Headers cors_headers(const http::Request& request, const std::vector<std::string>& origins) {
  if (origins.empty()) {
    return {};
  }
  if (origins.front() == "*") {
    return {{"Access-Control-Allow-Origin", "*"}};
  }
  Headers headers = {{"Vary", "Origin"}};
  const std::string_view origin = request.header("origin");
  if (std::find(origins.begin(), origins.end(), origin) != origins.end()) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
  }
  return headers;
}

http::Response options_response(const http::Request& request, std::string_view allowed,
                                const std::vector<std::string>& origins) {
  http::Response response{.status = 204, .headers = {{"Allow", std::string(allowed)}}};
  const Headers cors = cors_headers(request, origins);
  const bool is_listed = std::any_of(cors.begin(), cors.end(), [](const auto& header) {
    return header.first == "Access-Control-Allow-Origin";
  });
  if (is_listed) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
    response.headers.emplace_back(
        "Access-Control-Allow-Headers",
        "authorization, content-type, last-event-id, cache-control, idempotency-key");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

}  // namespace ringcast::server
