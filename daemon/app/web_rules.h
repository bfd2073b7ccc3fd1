#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>

namespace ringcast::app {

// What every request of the daemon keeps to: HTTP only, certificates are checked, redirects are not
// followed, as what they lead to was not configured, and plain HTTP goes past proxies. `error_text`
// has CURL_ERROR_SIZE bytes and outlives the request.
void set_web_rules(CURL* easy, const std::string& url, int64_t timeout_ms, char* error_text);

// Why a request has no answer.
[[nodiscard]] std::string web_failure(CURLcode code, const char* error_text);

// The threads of requests leave signals to the main one.
void block_signals();

}  // namespace ringcast::app
