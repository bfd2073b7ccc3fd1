#include "cli/http_client.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace ringcast::cli {
namespace {

constexpr size_t kMaxAnswerBytes = 256ULL << 20U;
constexpr size_t kMaxRefusalBytes = 64ULL << 10U;
constexpr long kConnectTimeoutMs = 10'000;
constexpr long kKeepAliveIdleS = 30;
constexpr long kKeepAliveIntervalS = 10;
constexpr uint64_t kPollMs = 1'000;

struct HeadersDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, HeadersDeleter>;

void add_header(Headers& headers, const std::string& line) {
  // On failure the list is left as it was.
  if (curl_slist* grown = curl_slist_append(headers.get(), line.c_str()); grown != nullptr) {
    static_cast<void>(headers.release());
    headers.reset(grown);
  }
}

bool is_event_stream(std::string_view content_type) {
  const auto type = trim(content_type.substr(0, content_type.find(';')));
  return equals_ignoring_case(type, "text/event-stream");
}

}  // namespace

// One request and its answer. Lives in send() or stream() for as long as libcurl knows it.
struct HttpClient::Exchange {
  CURL* easy = nullptr;
  const StreamSink* sink = nullptr;  // Null: an ordinary exchange.
  EndCondition* end = nullptr;
  Headers headers;
  Response response;
  bool is_open = false;  // The stream's head came.
  bool is_enough = false;

  static size_t on_body(char* data, size_t size, size_t count, void* self) noexcept {
    auto* exchange = static_cast<Exchange*>(self);
    return exchange->take({data, size * count}) ? size * count : 0;
  }

  void read_head() {
    long status = 0;
    char* type = nullptr;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    response.status = status;
    response.content_type = type == nullptr ? "" : type;
    response.retry_after_s = static_cast<uint64_t>(std::max<curl_off_t>(retry_after, 0));
  }

  void open_stream() {
    if (is_open || sink == nullptr) {
      return;
    }
    read_head();
    is_open = response.status == 200 && is_event_stream(response.content_type);
    if (is_open) {
      sink->on_open();
    }
  }

  bool take(std::string_view bytes) {
    open_stream();
    if (is_open) {
      is_enough = !sink->on_bytes(bytes);
      return !is_enough;
    }
    const size_t most = sink != nullptr ? kMaxRefusalBytes : kMaxAnswerBytes;
    is_enough = response.body.size() + bytes.size() > most;
    if (!is_enough) {
      response.body.append(bytes);
    }
    return !is_enough;
  }
};

HttpClient::HttpClient(Endpoint endpoint, const ConnectOptions& options)
    : endpoint_(std::move(endpoint)),
      token_(options.token),
      ca_file_(options.ca_file),
      is_insecure_(options.insecure),
      multi_(curl_multi_init()),
      easy_(curl_easy_init()),
      error_text_(CURL_ERROR_SIZE, '\0') {}

Result<Response> HttpClient::send(const Request& request) {
  Exchange exchange;
  return run(request, exchange);
}

Result<Response> HttpClient::stream(const Request& request, const StreamSink& sink,
                                    EndCondition& end) {
  Exchange exchange;
  exchange.sink = &sink;
  exchange.end = &end;
  return run(request, exchange);
}

Result<Response> HttpClient::run(const Request& request, Exchange& exchange) {
  exchange.easy = easy_.get();
  prepare(request, exchange);
  curl_multi_add_handle(multi_.get(), easy_.get());
  const CURLcode code = perform(exchange.end);
  if (code == CURLE_OK || exchange.is_enough) {
    exchange.read_head();
    exchange.open_stream();  // Where no body came.
  }
  curl_multi_remove_handle(multi_.get(), easy_.get());
  if (code != CURLE_OK && !exchange.is_enough) {
    return explain(code);
  }
  return std::move(exchange.response);
}

void HttpClient::prepare(const Request& request, Exchange& exchange) {
  CURL* easy = easy_.get();
  curl_easy_reset(easy);  // Keeps the connections.
  error_text_.assign(CURL_ERROR_SIZE, '\0');
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_URL, (endpoint_.base_url + request.path).c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // ".." may be a topic's segment.
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "ringcast/" RINGCAST_VERSION);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  if (!endpoint_.unix_path.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint_.unix_path.c_str());
  }
  if (endpoint_.is_local) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
  }
  if (!ca_file_.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file_.c_str());
  }
  if (is_insecure_) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (exchange.sink == nullptr) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  } else {
    // A peer that is gone without a word shows only by these.
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveIdleS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveIntervalS);
  }
  if (request.body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body->data());
    add_header(exchange.headers, "Expect:");  // Do not wait for "100 Continue".
  }
  for (const auto& line : request.headers) {
    add_header(exchange.headers, line);
  }
  if (!token_.empty()) {
    add_header(exchange.headers, "Authorization: Bearer " + token_);
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange.headers.get());
}

CURLcode HttpClient::perform(EndCondition* end) {
  for (int running = 1; running > 0;) {
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
      return CURLE_FAILED_INIT;
    }
    if (running == 0) {
      break;
    }
    if (end == nullptr) {
      curl_multi_poll(multi_.get(), nullptr, 0, kPollMs, nullptr);
      continue;
    }
    std::array<curl_waitfd, 2> extra{
        {{.fd = end->signal_fd(), .events = CURL_WAIT_POLLIN, .revents = 0},
         {.fd = end->output_fd(), .events = 0, .revents = 0}}};
    curl_multi_poll(multi_.get(), extra.data(), extra.size(), end->poll_timeout_ms(kPollMs),
                    nullptr);
    if (end->check() != EndCondition::Reason::kNone) {
      return CURLE_OK;
    }
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
  return message != nullptr && message->msg == CURLMSG_DONE ? message->data.result
                                                            : CURLE_FAILED_INIT;
}

Failure HttpClient::explain(CURLcode code) const {
  const char* given = error_text_.c_str();
  const std::string reason = *given != '\0' ? given : curl_easy_strerror(code);
  const std::string where =
      endpoint_.unix_path.empty() ? endpoint_.base_url : "unix:" + endpoint_.unix_path;
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return fail(Errc::kTimeout, "no answer from " + where + ": " + reason);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return fail(Errc::kInvalid, "cannot use " + where + ": " + reason);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return fail(Errc::kIo, "cannot connect to " + where + ": " + reason);
    default:
      return fail(Errc::kIo, "the connection to " + where + " broke: " + reason);
  }
}

}  // namespace ringcast::cli
