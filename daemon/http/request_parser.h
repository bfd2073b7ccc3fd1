#pragma once

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/line_scanner.h"
#include "http/request.h"

namespace ringcast::http {

struct Limits {
  // Request line and headers; separately, what stands between two bytes of data in a chunked body
  // (a small chunk with a huge extension, CVE-2024-22019), and trailers.
  size_t max_head_bytes = 16 << 10;
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
  // It was given TLS.
  [[nodiscard]] bool met_tls() const noexcept { return met_tls_; }
  [[nodiscard]] const Request& request() const noexcept { return request_; }

  // From kHeadDone on: the body is taken piece by piece with take_body() after each feed() and is
  // not bounded as a whole. Until the next take() or next().
  void stream_body() { streaming_ = true; }
  std::string take_body();

  // The complete request; the parser then waits for the next.
  Request take();
  // The same without handing it out: its memory serves the next.
  void next();

 private:
  static const llhttp_settings_t& settings();
  static RequestParser& self(llhttp_t* parser);

  Result<size_t> feed_head(std::string_view input);
  Result<size_t> feed_body(std::string_view input);
  // The data of a body, of which `data_left_` bytes are to come.
  Result<size_t> feed_data(std::string_view input);
  // Chunk framing and trailers: up to the end of a line.
  Result<size_t> feed_line(std::string_view input);
  Status finish_head();
  Status leave_head();
  Status execute(std::string_view bytes);
  Failure refuse(Failure failure);

  void append_name(std::string_view text);
  void append_value(std::string_view text);
  int end_value();  // An llhttp_errno_t.
  int begin_chunk(uint64_t size);

  llhttp_t parser_{};
  Limits limits_;
  Request request_;
  LineScanner scanner_;
  std::optional<Error> error_;
  Stage stage_ = Stage::kHead;
  size_t request_line_bytes_ = 0;
  size_t line_bytes_ = 0;   // Of this head, or of framing since the last byte of data.
  uint64_t data_left_ = 0;  // Of the body or the chunk.
  bool streaming_ = false;
  bool met_tls_ = false;
  bool has_begun_ = false;  // Not only empty lines came.
  bool in_name_ = false;
  std::string trailer_name_;
  bool is_whole_ = false;  // llhttp has seen the end of the request.
};

}  // namespace ringcast::http
