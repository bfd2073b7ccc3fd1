// Bytes of a connection, through the parser to what the handlers read out of them: a request is
// refused with an answer that can be sent, or what it publishes and subscribes to is sound.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/requests.h"
#include "http/request_parser.h"
#include "server/cors.h"
#include "server/publish_handler.h"
#include "server/router.h"
#include "server/subscribe_handler.h"
#include "support/identities.h"
#include "topics/name.h"

namespace {

using namespace ringcast;        // NOLINT(google-build-using-namespace): all that is tested.
using namespace ringcast::fuzz;  // NOLINT(google-build-using-namespace)
using Stage = http::RequestParser::Stage;

constexpr http::Limits kLimits{.max_head_bytes = 4096, .max_body_bytes = 4096};
constexpr int64_t kNow = 1'700'000'000'000;

struct Asked {
  const http::Request& request;
  http::Target target;
  server::Route route;
};

Status subscribe(const Asked& asked) {
  const auto spec =
      server::read_subscription(asked.request, asked.target, asked.route, test::nobody(), {}, kNow);
  if (!spec) {
    return Failure{spec.error()};
  }
  require(!spec->patterns.empty() && spec->patterns.size() <= 100 && spec->types.size() <= 100);
  for (const std::string& pattern : spec->patterns) {
    require(topics::check_pattern(pattern).has_value());
  }
  return Ok{};
}

Status publish(const Asked& asked) {
  static json::Reader reader;
  const auth::Identity publisher = test::nobody();
  const auto kind = server::body_kind(asked.request, asked.route);
  if (!kind) {
    return Failure{kind.error()};
  }
  if (Status head = server::check_publish_head(asked.target, asked.route, publisher, kEpoch);
      !head) {
    return head;
  }
  if (auto key = server::request_key(asked.request, asked.route, *kind, {}); !key) {
    return std::move(key).failure();
  }
  if (*kind == server::BodyKind::kNdjson) {
    return Ok{};  // Has a target of its own.
  }
  auto drafts = server::read_publish(asked.request, asked.target, asked.route, *kind, publisher,
                                     kEpoch, reader);
  if (!drafts) {
    return std::move(drafts).failure();
  }
  for (server::Draft& draft : *drafts) {
    check_draft(draft);
  }
  return Ok{};
}

Status serve(const http::Request& request) {
  auto target = http::parse_target(request.target);
  if (!target) {
    return std::move(target).failure();
  }
  auto route = server::find_route(*target, {});
  if (!route) {
    return std::move(route).failure();
  }
  if (Status method = server::check_method(route->endpoint, request.method); !method) {
    return method;
  }
  const Asked asked{request, std::move(*target), std::move(*route)};
  const bool is_publish =
      request.method == http::Method::kPost || request.method == http::Method::kPut;
  if (is_publish) {
    return publish(asked);
  }
  return server::wants_event_stream(request) ? subscribe(asked) : Ok{};
}

// No header that we send holds a line end of the request's.
void check_echo(const http::Request& request) {
  for (const auto& [name, value] : server::cors_headers(request, {"https://app.example"})) {
    require(name.find_first_of("\r\n") == std::string::npos);
    require(value.find_first_of("\r\n") == std::string::npos);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  http::RequestParser parser(kLimits);
  while (!input.empty() || parser.stage() == Stage::kHeadDone) {
    const auto used = parser.feed(input);
    if (!used) {
      require(http::problem(used.error()).status >= 400);
      return 0;
    }
    input.remove_prefix(*used);
    if (parser.stage() == Stage::kComplete) {
      const http::Request& request = parser.request();
      if (const Status served = serve(request); !served) {
        check_refusal(served.error());
      }
      check_echo(request);
      parser.next();
    }
  }
  return 0;
}
