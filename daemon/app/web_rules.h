#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace ringcast::app {

// A request of libcurl, which its owner frees.
struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

// What is kept while a request runs.
struct WebProgress {
  size_t head_bytes = 0;  // Of the answer, with what goes before it and the trailers behind it.
  std::array<char, CURL_ERROR_SIZE> error_text{};
};

// What every request of the daemon keeps to: HTTP only, certificates are checked, redirects are not
// followed, as what they lead to was not configured, plain HTTP goes past proxies, and the head of
// the answer has at most 64 KiB. `progress` outlives the request.
void set_web_rules(CURL* easy, const std::string& url, int64_t timeout_ms, WebProgress& progress);

// Why a request has no answer. Can name the host.
[[nodiscard]] std::string web_failure(CURLcode code, const WebProgress& progress);

// The threads of requests leave signals to the main one.
void block_signals();

}  // namespace ringcast::app
