#pragma once

#include <llhttp.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/request.h"

namespace ringcast::http {

struct Limits {
  size_t max_head_bytes = 16 << 10;  // Request line and headers, and separately trailers.
  size_t max_body_bytes = 1 << 20;
};

// Turns bytes into requests, one at a time (RFC 9112). Pure: the llhttp callbacks only copy into
// the request and pause at the end of its head and of its body, so that handlers run after feed()
// returned and may destroy the parser. Stricter than llhttp where that is lax: see the tests.
class RequestParser {
 public:
  enum class Stage {
    kHead,      // Waiting for the rest of a head.
    kHeadDone,  // The head is complete: look at request(), then feed on.
    kBody,
    kComplete  // take() it.
  };

  explicit RequestParser(Limits limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;
  ~RequestParser() = default;

  // Returns how much of `input` was consumed: up to the end of one head or one request. In stage
  // kHeadDone it may be called with an empty input, to pass on to kBody or kComplete. Errors:
  // kInvalid, kMethodUnknown, kVersion, kHeadTooLarge, kTooLarge. After one it stays failed.
  Result<size_t> feed(std::string_view input);
  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  // True while not one byte of the next request has come.
  [[nodiscard]] bool is_idle() const noexcept;
  [[nodiscard]] const Request& request() const noexcept { return request_; }

  // From kHeadDone on: the body is taken piece by piece with take_body() after each feed() and is
  // not bounded as a whole. Until the next take().
  void stream_body() { streaming_ = true; }
  std::string take_body();

  // The complete request; the parser then waits for the next.
  Request take();

 private:
  static const llhttp_settings_t& settings();

  llhttp_t parser_{};
  Limits limits_;
  Request request_;
  Stage stage_ = Stage::kHead;
  bool streaming_ = false;
};

}  // namespace ringcast::http
