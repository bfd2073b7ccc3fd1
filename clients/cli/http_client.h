#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/end_condition.h"
#include "cli/endpoint.h"
#include "cli/options.h"
#include "cli/verdict.h"

namespace ringcast::cli {

struct Request {
  std::string method = "GET";
  std::string path;  // With its query; appended to the endpoint's URL.
  std::vector<std::string> headers = {};
  std::optional<std::string> body = std::nullopt;
  uint64_t timeout_ms = 30'000;  // Of the whole exchange; a stream has none.
};

// Where a stream goes. Called only for a 200 of type text/event-stream.
struct StreamSink {
  std::function<void()> on_open;
  // False ends the stream.
  std::function<bool(std::string_view bytes)> on_bytes;
};

// HTTP over libcurl (only here), one exchange at a time, connections kept alive between them.
// Errors: kIo (no connection, or it broke), kTimeout, kInvalid (trying again is no use).
class HttpClient {
 public:
  HttpClient(Endpoint endpoint, const ConnectOptions& options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<Response> send(const Request& request);
  // Runs until the peer ends the stream, `sink` has enough or `end` comes true; which of them
  // it was, the caller asks the latter two. Other answers come back with their body.
  Result<Response> stream(const Request& request, const StreamSink& sink, EndCondition& end);

 private:
  struct Exchange;
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  Result<Response> run(const Request& request, Exchange& exchange);
  void prepare(const Request& request, Exchange& exchange);
  CURLcode perform(EndCondition* end);
  Failure explain(CURLcode code) const;

  Endpoint endpoint_;
  std::string token_;
  std::string ca_file_;
  bool is_insecure_;
  // Declared before the easy handle: that one is cleaned up first, as libcurl wants it.
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  std::string error_text_;  // libcurl's error buffer.
};

}  // namespace ringcast::cli
