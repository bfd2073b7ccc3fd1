#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/src/endpoint.h"
#include "cpp/src/errors.h"

namespace ringcast::client {

class Transport;

// How to speak to the broker; the same for all requests of a client.
struct Connecting {
  Endpoint endpoint;
  std::string ca_file;
  bool is_insecure = false;
  std::string user_agent;
  uint64_t connect_timeout_ms = 10'000;
};

// A request as it goes out. Shared, so that it can be sent again while nobody copies its body.
struct HttpRequest {
  std::string method = "GET";
  std::string path;                  // With its query; appended to the endpoint's URL.
  std::vector<std::string> headers;  // "Name: value", without Authorization.
  std::optional<std::string> body;
  uint64_t timeout_ms = 0;  // For the whole exchange. 0: none.
  bool is_stream = false;   // An event stream is wanted.
};

// Who sent a request. Called from the loop, never by libcurl's callbacks.
class AnswerSink {
 public:
  AnswerSink(const AnswerSink&) = delete;
  AnswerSink& operator=(const AnswerSink&) = delete;
  virtual ~AnswerSink() = default;

  // Only for `is_stream`: 200 and text/event-stream came; its bytes follow.
  virtual void on_open() = 0;
  virtual void on_bytes(std::string_view bytes) = 0;
  // The end, once: an answer with whatever status, or of a stream its regular end; or the reason
  // why there is none (kUnusable, kNoConnection, kBroken, kTimeout, kTooLarge).
  virtual void on_done(Result<Answer> answer) = 0;

 protected:
  AnswerSink() = default;
};

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

// One request and its answer. Destroying it ends it, and nobody is told.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Transport& transport, EasyHandle easy, std::shared_ptr<const HttpRequest> request,
           std::weak_ptr<AnswerSink> sink);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  void prepare(const Connecting& connecting, const std::string& token);
  // Stops reading from the connection, for streams.
  void pause() { is_paused_ = true; }
  void resume();

 private:
  friend class Transport;
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static size_t on_body(char* data, size_t size, size_t count, void* self) noexcept;
  void prepare_time(const Connecting& connecting);
  void prepare_body();
  void add_header(const std::string& line);
  size_t take(std::string_view bytes);
  void read_head();
  void open_stream();
  void deliver();
  void finish(CURLcode code);
  [[nodiscard]] Error explain(CURLcode code) const;

  Transport& transport_;
  EasyHandle easy_;
  std::shared_ptr<const HttpRequest> request_;
  std::weak_ptr<AnswerSink> sink_;
  std::string place_;  // The endpoint's name, for messages.
  bool is_unix_ = false;
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  Answer answer_;
  std::string inbox_;     // Of a stream: came within libcurl, not delivered yet.
  bool is_open_ = false;  // A stream's head came.
  bool is_told_open_ = false;
  bool is_cut_ = false;  // A refusal's body is longer than anybody reads.
  bool is_too_large_ = false;
  bool is_paused_ = false;
  bool is_held_ = false;  // libcurl was told to wait.
};

}  // namespace ringcast::client
