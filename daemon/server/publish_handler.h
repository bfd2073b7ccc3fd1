#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/grants.h"
#include "base/json.h"
#include "base/result.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "server/hub.h"
#include "server/router.h"

namespace ringcast::server {

// How the body of a publish is to be understood.
enum class BodyKind { kData, kEventStream, kJson, kNdjson };

// Decided by the head alone: route and Content-Type. Without a type, or with curl's form type, the
// body is JSON if it turns out to start like it. kMediaType for anything else at /events.
Result<BodyKind> body_kind(const http::Request& head, const Route& route);

// What the head says wrong, before a body is read: topic, grant, parameters.
Status check_publish_head(const http::Target& target, const Route& route,
                          const auth::Grants& grants, std::string_view epoch);

// The header Idempotency-Key in its scope, empty when there is none. It is about the whole request:
// when it was seen, the first answer comes again and nothing is stored, whatever the body.
Result<std::string> request_key(const http::Request& request, const Route& route, BodyKind kind);

// The drafts of a complete request that is not NDJSON. Errors name field and index.
Result<std::vector<Draft>> read_publish(const http::Request& request, const http::Target& target,
                                        const Route& route, BodyKind kind,
                                        const auth::Grants& grants, std::string_view epoch,
                                        json::Reader& reader);

// {"id":…} for one event in the path's topic, else {"accepted":…,"duplicates":…,…}.
[[nodiscard]] http::Response publish_response(const Receipt& receipt, BodyKind kind);

// One long body, published line by line as it comes.
class NdjsonIngest {
 public:
  enum class State {
    kMore,    // Wants more bytes.
    kBehind,  // No memory until subscribers were served: call advance() again soon.
    kDone     // At the end, or a line was refused: see response().
  };

  NdjsonIngest(const auth::Grants& grants, std::string_view epoch, uint64_t line_limit)
      : grants_(grants), epoch_(epoch), line_limit_(line_limit) {}

  void feed(std::string_view bytes) { text_.append(bytes); }
  // The body is complete: a last line without its line end counts.
  void finish() { at_end_ = true; }
  // Stops at the next line's border with what was accepted so far, as when draining.
  void stop(Error error) { fail_with(std::move(error)); }
  // Publishes whole lines that are there.
  State advance(Hub& hub, json::Reader& reader, uint32_t by_worker);
  [[nodiscard]] http::Response response() const;
  [[nodiscard]] uint64_t lines() const noexcept { return line_; }

 private:
  bool next_line(std::string_view& line);
  void gather(json::Reader& reader);
  State publish(Hub& hub, uint32_t by_worker);
  Result<Receipt> publish_singly(Hub& hub, uint32_t by_worker);
  void add(const Receipt& receipt);
  void fail_with(Error error);

  const auth::Grants grants_;
  std::string_view epoch_;  // The hub's.
  const uint64_t line_limit_;
  std::string text_;
  size_t taken_ = 0;  // Of text_.
  std::vector<Draft> batch_;
  std::vector<uint64_t> batch_lines_;
  uint64_t line_ = 0;  // The last one that was read, from 1.
  Receipt total_;
  std::optional<Error> error_;
  bool at_end_ = false;
};

}  // namespace ringcast::server
