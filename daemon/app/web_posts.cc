#include "app/web_posts.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "app/web_rules.h"

namespace ringcast::app {

namespace {

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using Clock = std::chrono::steady_clock;

// What the server says beside its status interests nobody. It is read only so that the connection
// can be used again, as far as that costs less than another one.
constexpr size_t kMostBodyBytes = size_t{64} << 10;
constexpr std::chrono::milliseconds kMostBodyTime{1'000};

size_t drop_bytes(char* /*data*/, size_t size, size_t count, void* self) noexcept {
  auto* left = static_cast<size_t*>(self);
  if (size * count > *left) {
    return 0;  // libcurl gives up.
  }
  *left -= size * count;
  return size * count;
}

// 0: there is no answer so far, whatever may have come before one (100, 103).
long status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 ? status : 0;
}

std::string failure_of(long status) {
  if (status < 300) {
    return {};
  }
  const bool is_redirect = status < 400;
  return "status " + std::to_string(status) + (is_redirect ? " (redirects are not followed)" : "");
}

}  // namespace

struct WebPosts::Transfer {
  EasyHandle easy{curl_easy_init()};
  std::unique_ptr<curl_slist, ListDeleter> headers;
  WebProgress progress;
  size_t body_left = kMostBodyBytes;
  std::optional<Clock::time_point> answered;
  Done done;
};

WebPosts::WebPosts() : multi_(curl_multi_init()) {}

WebPosts::~WebPosts() {
  while (!transfers_.empty()) {
    cancel(transfers_.begin()->first);
  }
}

void WebPosts::start(const void* owner, const Post& post, Done done) {
  auto transfer = std::make_unique<Transfer>();
  CURL* easy = transfer->easy.get();
  set_web_rules(easy, post.url, post.timeout_ms, transfer->progress);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);  // Names the host, which can be a secret.
  for (const std::string& header : post.headers) {
    transfer->headers.reset(
        curl_slist_append(transfer->headers.release(), header.c_str()));  // NOLINT
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post.body.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &drop_bytes);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer->body_left);
  transfer->done = std::move(done);
  curl_multi_add_handle(multi_.get(), easy);
  transfers_[owner] = std::move(transfer);
}

void WebPosts::cancel(const void* owner) {
  if (const auto found = transfers_.find(owner); found != transfers_.end()) {
    curl_multi_remove_handle(multi_.get(), found->second->easy.get());
    transfers_.erase(found);
  }
}

void WebPosts::perform() {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) {
      finish(message->easy_handle, message->data.result);
    }
  }
  for (CURL* easy : lingering()) {
    finish(easy, CURLE_OK);
  }
}

// Those whose answer goes on and on, though its status is known.
std::vector<CURL*> WebPosts::lingering() {
  std::vector<CURL*> found;
  const Clock::time_point now = Clock::now();
  for (const auto& [owner, transfer] : transfers_) {
    if (!transfer->answered && status_of(transfer->easy.get()) != 0) {
      transfer->answered = now;
    }
    if (transfer->answered && now - *transfer->answered >= kMostBodyTime) {
      found.push_back(transfer->easy.get());
    }
  }
  return found;
}

void WebPosts::finish(CURL* easy, CURLcode code) {
  const auto found = std::find_if(transfers_.begin(), transfers_.end(), [easy](const auto& entry) {
    return entry.second->easy.get() == easy;
  });
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers_.erase(found);
  curl_multi_remove_handle(multi_.get(), easy);
  const long status = status_of(easy);  // It counts, also when the rest cannot be had.
  transfer->done(status != 0 ? failure_of(status) : web_failure(code, transfer->progress));
}

void WebPosts::wait(int64_t most_ms) {
  const bool has_answer = std::any_of(transfers_.begin(), transfers_.end(), [](const auto& each) {
    return each.second->answered.has_value();
  });
  const int64_t bound_ms = has_answer ? kMostBodyTime.count() : std::numeric_limits<int>::max();
  const int64_t bounded = std::clamp<int64_t>(most_ms, 0, bound_ms);
  curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(bounded), nullptr);
}

}  // namespace ringcast::app
