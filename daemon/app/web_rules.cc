#include "app/web_rules.h"

#include <algorithm>
#include <csignal>

namespace ringcast::app {

namespace {

constexpr int64_t kConnectTimeoutMs = 5'000;

}  // namespace

void set_web_rules(CURL* easy, const std::string& url, int64_t timeout_ms, char* error_text) {
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A name server that does not answer would else be waited for when the request ends.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(kConnectTimeoutMs, timeout_ms)));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringcastd/" RINGCAST_VERSION);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
  if (url.starts_with("http://")) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // Only to this machine.
  }
}

std::string web_failure(CURLcode code, const char* error_text) {
  return error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
}

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace ringcast::app
