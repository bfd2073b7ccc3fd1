#pragma once

#include <curl/curl.h>
#include <uv.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cpp/src/exchange.h"
#include "cpp/src/open_handles.h"
#include "cpp/src/timer.h"

namespace ringcast::client {

// HTTP over libcurl (only here and in exchange), driven by a uv loop: libcurl says which sockets
// and what time to wait for, and the loop tells it when they are due. What that brings is given
// to the sinks when libcurl has returned, so that these may call anything.
class Transport {
 public:
  Transport(uv_loop_t* loop, std::shared_ptr<OpenHandles> open, Connecting connecting);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  // No exchange is left.
  ~Transport();

  // `token`: sent as Authorization; empty: none. The sink is told from the loop, if it still lives.
  std::shared_ptr<Exchange> start(std::shared_ptr<const HttpRequest> request,
                                  const std::string& token, std::weak_ptr<AnswerSink> sink);

  // For exchanges: `exchange` has bytes to deliver; deliver without waiting for a socket; the
  // handle is free.
  void has_news(std::weak_ptr<Exchange> exchange) { news_.push_back(std::move(exchange)); }
  void serve_soon() { timer_.start(0); }
  void give_back(EasyHandle easy);

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  using SocketHandle = HandlePtr<uv_poll_t, Transport*>;

  static int on_wanted_socket(CURL* easy, curl_socket_t socket, int what, void* self,
                              void* handle) noexcept;
  static int on_wanted_time(CURLM* multi, long wait_ms, void* self) noexcept;
  static void on_socket(uv_poll_t* handle, int status, int events) noexcept;
  bool watch(curl_socket_t socket, int what);
  void act(curl_socket_t socket, int events);
  void serve();
  void keep_time();

  uv_loop_t* loop_;
  std::shared_ptr<OpenHandles> open_;
  Connecting connecting_;
  Timer timer_;
  std::unordered_map<curl_socket_t, SocketHandle> sockets_;
  std::vector<std::weak_ptr<Exchange>> news_;
  std::vector<EasyHandle> spare_;  // Used again: making one costs more than a short request.
  std::unique_ptr<CURLM, MultiDeleter> multi_;
};

}  // namespace ringcast::client
