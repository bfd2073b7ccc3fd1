#include "cpp/src/exchange.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "cpp/src/transport.h"

namespace ringcast::client {
namespace {

constexpr size_t kMaxAnswerBytes = size_t{256} << 20U;
constexpr size_t kMaxRefusalBytes = size_t{64} << 10U;
constexpr long kKeepAliveIdleS = 30;
constexpr long kKeepAliveIntervalS = 10;

bool is_event_stream(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return equals_ignoring_case(type, "text/event-stream");
}

}  // namespace

Exchange::Exchange(Transport& transport, EasyHandle easy,
                   std::shared_ptr<const HttpRequest> request, std::weak_ptr<AnswerSink> sink)
    : transport_(transport),
      easy_(std::move(easy)),
      request_(std::move(request)),
      sink_(std::move(sink)) {}

Exchange::~Exchange() {
  if (easy_) {
    transport_.give_back(std::move(easy_));
  }
}

void Exchange::prepare(const Connecting& connecting, const std::string& token) {
  CURL* easy = easy_.get();
  const Endpoint& endpoint = connecting.endpoint;
  place_ = endpoint.name();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_URL, (endpoint.base_url + request_->path).c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // ".." may be a topic's segment.
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, connecting.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  is_unix_ = !endpoint.unix_path.empty();
  if (is_unix_) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint.unix_path.c_str());
  }
  if (endpoint.is_local) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
  }
  if (!connecting.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, connecting.ca_file.c_str());
  }
  if (connecting.is_insecure) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  prepare_time(connecting);
  prepare_body();
  for (const auto& line : request_->headers) {
    add_header(line);
  }
  if (!token.empty()) {
    add_header("Authorization: Bearer " + token);
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void Exchange::prepare_time(const Connecting& connecting) {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(connecting.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request_->timeout_ms));
  if (request_->is_stream) {
    // Where there is no idle timeout, a peer that is gone without a word shows only by these.
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalS);
  }
}

void Exchange::prepare_body() {
  CURL* easy = easy_.get();
  if (request_->body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_->body->size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_->body->data());
    add_header("Expect:");  // Do not wait for "100 Continue".
  }
  if (request_->method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request_->method != (request_->body ? "POST" : "GET")) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_->method.c_str());
  }
}

void Exchange::add_header(const std::string& line) {
  // On failure the list is left as it was.
  if (curl_slist* grown = curl_slist_append(headers_.get(), line.c_str()); grown != nullptr) {
    static_cast<void>(headers_.release());
    headers_.reset(grown);
  }
}

void Exchange::resume() {
  is_paused_ = false;
  if (std::exchange(is_held_, false)) {
    curl_easy_pause(easy_.get(), CURLPAUSE_CONT);  // May bring what libcurl has held back.
    transport_.serve_soon();
  }
}

size_t Exchange::on_body(char* data, size_t size, size_t count, void* self) noexcept {
  return static_cast<Exchange*>(self)->take({data, size * count});
}

// Runs within libcurl: bytes are kept, and delivered when it has returned.
size_t Exchange::take(std::string_view bytes) {
  if (is_paused_) {
    is_held_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  open_stream();
  if (is_open_) {
    if (inbox_.empty()) {
      transport_.has_news(weak_from_this());
    }
    inbox_.append(bytes);
    return bytes.size();
  }
  const bool is_refused = request_->is_stream || answer_.status >= 300;
  const size_t room = (is_refused ? kMaxRefusalBytes : kMaxAnswerBytes) - answer_.body.size();
  answer_.body.append(bytes.substr(0, room));
  if (bytes.size() > room) {
    (is_refused ? is_cut_ : is_too_large_) = true;
    return 0;  // Ends the exchange.
  }
  return bytes.size();
}

void Exchange::read_head() {
  long status = 0;
  char* type = nullptr;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &retry_after);
  answer_.status = static_cast<int>(status);
  answer_.content_type = type == nullptr ? "" : type;
  answer_.retry_after_s = static_cast<uint64_t>(std::max<curl_off_t>(retry_after, 0));
}

void Exchange::open_stream() {
  if (is_open_) {
    return;
  }
  read_head();
  is_open_ = request_->is_stream && answer_.status == 200 && is_event_stream(answer_.content_type);
}

void Exchange::deliver() {
  const auto sink = sink_.lock();
  if (!sink) {
    return;
  }
  if (is_open_ && !std::exchange(is_told_open_, true)) {
    sink->on_open();
  }
  if (!inbox_.empty() && !sink_.expired()) {
    const std::string bytes = std::exchange(inbox_, {});
    sink->on_bytes(bytes);
  }
}

void Exchange::finish(CURLcode code) {
  is_held_ = false;
  if (code == CURLE_OK) {
    open_stream();  // Where no body came.
  } else {
    read_head();
  }
  const bool is_answered = code == CURLE_OK || is_cut_;
  Result<Answer> result =
      is_answered ? Result<Answer>(std::move(answer_)) : Result<Answer>(explain(code));
  deliver();
  if (const auto sink = sink_.lock()) {
    sink->on_done(std::move(result));
  }
}

Error Exchange::explain(CURLcode code) const {
  std::string reason = error_text_.front() != '\0' ? error_text_.data() : curl_easy_strerror(code);
  if (long error = 0; is_unix_ && code == CURLE_COULDNT_CONNECT &&
                      curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error) == CURLE_OK &&
                      error != 0) {
    reason = std::generic_category().message(static_cast<int>(error));  // Not "localhost port 80".
  }
  if (is_too_large_) {
    return make_error(Errc::kTooLarge, "the answer from " + place_ + " is over " +
                                           std::to_string(kMaxAnswerBytes) + " bytes");
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return make_error(Errc::kTimeout, "no answer from " + place_ + ": " + reason);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return make_error(Errc::kUnusable, "cannot use " + place_ + ": " + reason);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return make_error(Errc::kNoConnection, "cannot connect to " + place_ + ": " + reason);
    default:
      return make_error(Errc::kBroken, "the connection to " + place_ + " broke: " + reason);
  }
}

}  // namespace ringcast::client
