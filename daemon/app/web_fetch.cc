#include "app/web_fetch.h"

#include <utility>

#include "app/web_rules.h"

namespace ringcast::app {

namespace {

constexpr int64_t kTimeoutMs = 10'000;
constexpr int kPollMs = 1'000;

struct Body {
  std::string text;
  size_t max_bytes;
  bool is_too_large = false;

  static size_t on_bytes(char* data, size_t size, size_t count, void* self) noexcept {
    auto* body = static_cast<Body*>(self);
    const size_t bytes = size * count;
    body->is_too_large = body->text.size() + bytes > body->max_bytes;
    if (body->is_too_large) {
      return 0;  // Not all of it: libcurl gives up.
    }
    body->text.append(data, bytes);
    return bytes;
  }
};

}  // namespace

WebFetch::WebFetch() : multi_(curl_multi_init()) {}

void WebFetch::stop() noexcept {
  is_stopped_ = true;
  if (multi_) {
    curl_multi_wakeup(multi_.get());
  }
}

Result<std::string> WebFetch::get(const std::string& url, size_t max_bytes) {
  const EasyHandle easy(curl_easy_init());
  if (!easy || !multi_) {
    return fail(Errc::kIo, url + ": libcurl cannot be started");
  }
  Body body{.text = {}, .max_bytes = max_bytes};
  WebProgress progress;
  set_web_rules(easy.get(), url, kTimeoutMs, progress);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &Body::on_bytes);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
  curl_multi_add_handle(multi_.get(), easy.get());
  const CURLcode code = perform();
  curl_multi_remove_handle(multi_.get(), easy.get());
  if (body.is_too_large) {
    return fail(Errc::kIo, url + ": larger than " + std::to_string(max_bytes) + " bytes");
  }
  if (code != CURLE_OK) {
    return fail(Errc::kIo, url + ": " + web_failure(code, progress));
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    const bool is_redirect = status >= 300 && status < 400;
    return fail(Errc::kIo, url + ": status " + std::to_string(status) + ", not 200" +
                               (is_redirect ? " (redirects are not followed)" : ""));
  }
  return std::move(body.text);
}

CURLcode WebFetch::perform() {
  for (int running = 1; running > 0;) {
    if (is_stopped_ || curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
      return CURLE_ABORTED_BY_CALLBACK;
    }
    if (running > 0) {
      curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
    }
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
  return message != nullptr && message->msg == CURLMSG_DONE ? message->data.result
                                                            : CURLE_FAILED_INIT;
}

}  // namespace ringcast::app
