#pragma once

#include <curl/curl.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"

namespace ringcast::app {

// Fetches small documents over HTTPS, one after the other, with libcurl. get() blocks, so that it
// is for a thread that has nothing else to do; stop() may come from any other one.
class WebFetch {
 public:
  WebFetch();
  WebFetch(const WebFetch&) = delete;
  WebFetch& operator=(const WebFetch&) = delete;

  // The body of a 200. kIo when it cannot be had: no connection, a certificate that is not
  // trusted, another status (redirects are not followed: what they lead to was not configured),
  // more than `max_bytes`, more than 10 seconds.
  Result<std::string> get(const std::string& url, size_t max_bytes);
  // Ends the get() that runs, and all later ones at once.
  void stop() noexcept;

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  CURLcode perform();

  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace ringcast::app
