#include "cpp/src/transport.h"

#include <new>
#include <utility>

namespace ringcast::client {
namespace {

constexpr size_t kMostSpare = 4;

}  // namespace

Transport::Transport(uv_loop_t* loop, std::shared_ptr<OpenHandles> open, Connecting connecting)
    : loop_(loop),
      open_(std::move(open)),
      connecting_(std::move(connecting)),
      timer_(loop, open_, [this] { act(CURL_SOCKET_TIMEOUT, 0); }),
      multi_(curl_multi_init()) {
  if (!multi_) {
    throw std::bad_alloc();
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Transport::on_wanted_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Transport::on_wanted_time);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
}

Transport::~Transport() {
  // Closing the connections that are kept must not make handles again.
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, nullptr);
  sockets_.clear();
  spare_.clear();
}

std::shared_ptr<Exchange> Transport::start(std::shared_ptr<const HttpRequest> request,
                                           const std::string& token,
                                           std::weak_ptr<AnswerSink> sink) {
  EasyHandle easy;
  if (spare_.empty()) {
    easy.reset(curl_easy_init());
  } else {
    easy = std::move(spare_.back());
    spare_.pop_back();
  }
  if (!easy) {
    throw std::bad_alloc();
  }
  CURL* raw = easy.get();
  auto exchange =
      std::make_shared<Exchange>(*this, std::move(easy), std::move(request), std::move(sink));
  exchange->prepare(connecting_, token);
  curl_multi_add_handle(multi_.get(), raw);
  return exchange;
}

void Transport::give_back(EasyHandle easy) {
  curl_multi_remove_handle(multi_.get(), easy.get());
  curl_easy_reset(easy.get());
  if (spare_.size() < kMostSpare) {
    spare_.push_back(std::move(easy));
  }
}

int Transport::on_wanted_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self,
                                void* /*handle*/) noexcept {
  return static_cast<Transport*>(self)->watch(socket, what) ? 0 : -1;
}

int Transport::on_wanted_time(CURLM* /*multi*/, long wait_ms, void* self) noexcept {
  auto* transport = static_cast<Transport*>(self);
  if (wait_ms < 0) {
    transport->timer_.stop();
  } else {
    transport->timer_.start(static_cast<uint64_t>(wait_ms));
  }
  return 0;
}

bool Transport::watch(curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    sockets_.erase(socket);
    return true;
  }
  SocketHandle& handle = sockets_[socket];
  if (!handle) {
    handle = make_handle<uv_poll_t>(
        open_, this, [&](uv_poll_t* uv) { return uv_poll_init_socket(loop_, uv, socket); });
  }
  const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                     ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  return handle && uv_poll_start(&handle->uv, events, &Transport::on_socket) == 0;
}

void Transport::on_socket(uv_poll_t* handle, int status, int events) noexcept {
  uv_os_fd_t socket = -1;
  uv_fileno(reinterpret_cast<const uv_handle_t*>(handle), &socket);
  const int due = status < 0 ? CURL_CSELECT_ERR
                             : ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                                   ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
  static_cast<OwnedHandle<uv_poll_t, Transport*>*>(handle->data)->state->act(socket, due);
}

void Transport::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, events, &running);
  keep_time();
  serve();
}

// libcurl does not name a time again that it has named. A timer that fired a moment too early would
// be the last.
void Transport::keep_time() {
  long wait_ms = -1;
  if (!timer_.is_running() && curl_multi_timeout(multi_.get(), &wait_ms) == CURLM_OK &&
      wait_ms >= 0) {
    timer_.start(static_cast<uint64_t>(wait_ms));
  }
}

// Sinks may start, pause and destroy exchanges, this one's included, and even close the client; but
// this object stays: it goes in a turn of its own.
void Transport::serve() {
  while (!news_.empty()) {
    for (const auto& weak : std::exchange(news_, {})) {
      if (const auto exchange = weak.lock()) {
        exchange->deliver();
      }
    }
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    const CURLcode code = message->data.result;
    char* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    // Its owner may let go of it meanwhile.
    const auto exchange = reinterpret_cast<Exchange*>(owner)->weak_from_this().lock();
    curl_multi_remove_handle(multi_.get(), message->easy_handle);
    exchange->finish(code);
  }
}

}  // namespace ringcast::client
