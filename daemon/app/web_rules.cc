#include "app/web_rules.h"

#include <algorithm>
#include <csignal>

namespace ringcast::app {

namespace {

constexpr int64_t kConnectTimeoutMs = 5'000;
constexpr size_t kMostHeadBytes = size_t{64} << 10;

// libcurl keeps all fields, and bounds them only before the body, not in trailers.
size_t count_head(char* /*data*/, size_t size, size_t count, void* self) noexcept {
  auto* progress = static_cast<WebProgress*>(self);
  progress->head_bytes += size * count;
  return progress->head_bytes <= kMostHeadBytes ? size * count : 0;  // 0: libcurl gives up.
}

}  // namespace

void set_web_rules(CURL* easy, const std::string& url, int64_t timeout_ms, WebProgress& progress) {
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
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, progress.error_text.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &count_head);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &progress);
  if (url.starts_with("http://")) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // Only to this machine.
  }
}

std::string web_failure(CURLcode code, const WebProgress& progress) {
  if (progress.head_bytes > kMostHeadBytes) {
    return "the head of the answer is larger than " + std::to_string(kMostHeadBytes) + " bytes";
  }
  return progress.error_text[0] != '\0' ? progress.error_text.data() : curl_easy_strerror(code);
}

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace ringcast::app
