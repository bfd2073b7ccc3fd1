#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "cpp/src/exchange.h"
#include "cpp/src/token_keeper.h"
#include "cpp/src/transport.h"

namespace ringcast::client {

// A request with the client's token. Answered 401, it is sent once more with a fresh token, where
// there is a source of them. Destroying it ends it, and nobody is told.
class Call : public AnswerSink, public std::enable_shared_from_this<Call> {
 public:
  Call(Transport& transport, std::shared_ptr<TokenKeeper> tokens,
       std::shared_ptr<const HttpRequest> request, std::weak_ptr<AnswerSink> sink)
      : transport_(transport),
        tokens_(std::move(tokens)),
        request_(std::move(request)),
        sink_(std::move(sink)) {}

  // The sink is told from the loop, never from within this call.
  void start(bool is_paused);
  void pause();
  void resume();

 private:
  void get_token(uint64_t refused);
  void send(const Result<TokenKeeper::Token>& token);
  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_done(Result<Answer> answer) override;

  Transport& transport_;
  std::shared_ptr<TokenKeeper> tokens_;
  std::shared_ptr<const HttpRequest> request_;
  std::weak_ptr<AnswerSink> sink_;
  std::shared_ptr<Exchange> exchange_;
  uint64_t token_number_ = 0;
  bool has_renewed_ = false;
  bool is_paused_ = false;
};

}  // namespace ringcast::client
