#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringcast::app {

// Requests that send something to web servers, several at a time, with libcurl. For one thread,
// which does nothing but call perform() and wait(); wake() may come from any other one.
class WebPosts {
 public:
  struct Post {
    std::string url;
    std::vector<std::string> headers;
    std::string_view body;  // Until its outcome, or cancel().
    int64_t timeout_ms;
  };
  // Empty: the server has answered with 2xx, whatever else it says. Else why it did not count;
  // never with anything of the URL, which can be a secret.
  using Done = std::function<void(const std::string& failure)>;

  WebPosts();
  WebPosts(const WebPosts&) = delete;
  WebPosts& operator=(const WebPosts&) = delete;
  ~WebPosts();

  // `owner` has no other one.
  void start(const void* owner, const Post& post, Done done);
  // Without an outcome; nothing when there is none.
  void cancel(const void* owner);
  // Goes on with all of them, and tells outcomes.
  void perform();
  // Until there is something to do, wake(), or the time is over.
  void wait(int64_t most_ms);
  void wake() noexcept { curl_multi_wakeup(multi_.get()); }

 private:
  struct Transfer;
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  std::vector<CURL*> lingering();
  void finish(CURL* easy, CURLcode code);

  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::map<const void*, std::unique_ptr<Transfer>> transfers_;
};

}  // namespace ringcast::app
