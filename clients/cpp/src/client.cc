#include "ringcast/client.h"

#include <uv.h>

#include <algorithm>
#include <utility>

#include "cpp/src/answers.h"
#include "cpp/src/core.h"
#include "cpp/src/publication_encoder.h"

namespace ringcast::client {
namespace {

constexpr const char* kUserAgent = "ringcast-cpp/" RINGCAST_VERSION;

// libcurl counts these calls, and makes the first one safe among threads.
bool start_libcurl() {
  static const bool is_started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return is_started;
}

Result<Connecting> read_options(const ClientOptions& options) {
  auto endpoint = parse_endpoint(options.url);
  if (!endpoint) {
    return endpoint.error();
  }
  if (!options.token.empty() && options.token_source) {
    return invalid("a client has a token or a source of tokens, not both");
  }
  if (Error error = check_header_value("the token", options.token)) {
    return error;
  }
  if (Error error = check_header_value("the user agent", options.user_agent)) {
    return error;
  }
  return Connecting{
      .endpoint = *std::move(endpoint),
      .ca_file = options.ca_file,
      .is_insecure = options.insecure,
      .user_agent = options.user_agent.empty() ? kUserAgent : options.user_agent,
      .connect_timeout_ms = options.connect_timeout_ms,
  };
}

// What goes into the head of a request must not begin another line of it.
Error check_request(const Request& request) {
  const auto is_printable = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  };
  if (request.method.empty() || !is_printable(request.method)) {
    return invalid("the method must be printable ASCII without blanks");
  }
  if (request.path.empty() || request.path.front() != '/' || !is_printable(request.path)) {
    return invalid("the path must begin with a slash and be percent-encoded");
  }
  for (const std::string& line : request.headers) {
    if (Error error = check_header_value("a header", line)) {
      return error;
    }
  }
  return {};
}

std::shared_ptr<HttpRequest> post(std::string path, const std::string& content_type,
                                  std::string body, uint64_t timeout_ms) {
  auto request = std::make_shared<HttpRequest>();
  request->method = "POST";
  request->path = std::move(path);
  request->headers.push_back("Content-Type: " + content_type);
  request->body = std::move(body);
  request->timeout_ms = timeout_ms;
  return request;
}

// Tells `done` of what was wrong before anything was sent.
template <typename T>
void refuse(Session& session, std::function<void(Result<T>)> done, Error error) {
  session.defer([done = std::move(done), error = std::move(error)] {
    if (done) {
      done(error);
    }
  });
}

// Reads the answer for `done`, which may be empty.
template <typename T, typename Read>
Delivery::Done reading(std::function<void(Result<T>)> done, Read read) {
  return [done = std::move(done), read](Result<Answer> answer) {
    if (done) {
      done(answer ? Result<T>(read(*std::move(answer))) : Result<T>(answer.error()));
    }
  };
}

}  // namespace

struct Batch::Impl {
  PublicationEncoder encoder;
  std::string body;
  std::string key_prefix = random_hex();
  size_t size = 0;
};

Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

Error Batch::add(const Publication& publication) {
  if (!impl_) {
    impl_ = std::make_unique<Impl>();
  }
  const std::string key = impl_->key_prefix + "-" + std::to_string(impl_->size + 1);
  if (Error error = impl_->encoder.append_object(impl_->body, publication, key)) {
    return error;
  }
  impl_->body += '\n';
  ++impl_->size;
  return {};
}

size_t Batch::size() const noexcept {
  return impl_ ? impl_->size : 0;
}

size_t Batch::bytes() const noexcept {
  return impl_ ? impl_->body.size() : 0;
}

Result<Client> Client::open(uv_loop_s* loop, ClientOptions options) {
  auto connecting = read_options(options);
  if (!connecting) {
    return connecting.error();
  }
  if (!start_libcurl()) {
    return make_error(Errc::kUnusable, "libcurl cannot be started");
  }
  return Client(std::make_shared<Core>(loop, *std::move(connecting), std::move(options)));
}

Client::Client(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    if (core_) {
      core_->abandon();
    }
    core_ = std::move(other.core_);
  }
  return *this;
}

Client::~Client() {
  if (core_) {
    core_->abandon();
  }
}

void Client::publish(const Publication& publication, std::function<void(Result<Receipt>)> done,
                     PublishOptions options) {
  Session* session = core_->session();
  if (session == nullptr) {
    return;
  }
  auto encoded = encode(publication, random_hex());
  if (!encoded) {
    refuse(*session, std::move(done), encoded.error());
    return;
  }
  auto request = post(std::move(encoded->path), encoded->content_type, std::move(encoded->body),
                      options.timeout_ms);
  if (encoded->key) {
    request->headers.push_back("Idempotency-Key: " + *encoded->key);
  }
  core_->outbox().publish(
      std::move(request), std::move(options),
      reading(std::move(done), [](const Answer& answer) { return read_receipt(answer.body); }));
}

void Client::publish(Batch batch, std::function<void(Result<BatchReceipt>)> done,
                     PublishOptions options) {
  Session* session = core_->session();
  if (session == nullptr) {
    return;
  }
  if (batch.empty()) {
    refuse(*session, std::move(done), invalid("the batch is empty"));
    return;
  }
  auto request =
      post("/events", "application/x-ndjson", std::move(batch.impl_->body), options.timeout_ms);
  core_->outbox().publish(std::move(request), std::move(options),
                          reading(std::move(done), [](const Answer& answer) {
                            return read_batch_receipt(answer.body);
                          }));
}

Subscription Client::subscribe(SubscribeOptions options, SubscriptionHandlers handlers) {
  if (core_->session() == nullptr) {
    return {};
  }
  return Subscription(core_->subscribe(std::move(options), std::move(handlers)));
}

void Client::send(Request request, std::function<void(Result<Response>)> done) {
  Session* session = core_->session();
  if (session == nullptr) {
    return;
  }
  if (Error error = check_request(request)) {
    refuse(*session, std::move(done), std::move(error));
    return;
  }
  Query query;
  for (const auto& [name, value] : request.query) {
    query.add(name, value);
  }
  auto sent = std::make_shared<HttpRequest>();
  sent->method = std::move(request.method);
  sent->path = request.path + query.text();
  sent->headers = std::move(request.headers);
  sent->body = std::move(request.body);
  sent->timeout_ms = request.timeout_ms;
  core_->outbox().send(
      std::move(sent), reading(std::move(done), [](Answer answer) {
        return Response{answer.status, std::move(answer.content_type), std::move(answer.body)};
      }));
}

void Client::close(std::function<void()> on_closed) {
  core_->close(std::move(on_closed));
}

Subscription::Subscription() = default;
Subscription::Subscription(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
Subscription::Subscription(Subscription&&) noexcept = default;

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    close();
    stream_ = std::move(other.stream_);
  }
  return *this;
}

Subscription::~Subscription() {
  close();
}

void Subscription::close() {
  if (stream_) {
    stream_->close();
  }
}

void Subscription::pause() {
  if (stream_) {
    stream_->pause();
  }
}

void Subscription::resume() {
  if (stream_) {
    stream_->resume();
  }
}

State Subscription::state() const noexcept {
  return stream_ ? stream_->state() : State::kEnded;
}

std::string Subscription::last_event_id() const {
  return stream_ ? stream_->last_event_id() : std::string();
}

}  // namespace ringcast::client
