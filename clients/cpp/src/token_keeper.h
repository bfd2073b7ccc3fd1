#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ringcast/client.h"

namespace ringcast::client {

// The client's token: the one that was given, or what the TokenSource says, which is asked for the
// first time and after each refusal, once for all who wait.
class TokenKeeper : public std::enable_shared_from_this<TokenKeeper> {
 public:
  // Runs a call in a turn of its own: a reply must not work from within the user's call.
  using Defer = std::function<void(std::function<void()>)>;
  // A token, and its number for get(); empty when the source had none.
  struct Token {
    std::string text;
    uint64_t number = 0;
  };
  using Waiter = std::function<void(Result<Token> token)>;

  TokenKeeper(std::string token, TokenSource source, Defer defer)
      : token_{std::move(token), 1}, source_(std::move(source)), defer_(std::move(defer)) {}

  [[nodiscard]] bool has_source() const { return source_ != nullptr; }
  // Gives the token to `waiter`, at once when there is one other than number `refused` (0: none
  // was refused). Errors: kNoToken, kInvalid for a text that cannot be a token.
  void get(uint64_t refused, Waiter waiter);

 private:
  void ask();
  TokenReply make_reply();
  void take_later(std::string text);
  void take(std::string text);

  Token token_;
  TokenSource source_;
  Defer defer_;
  bool is_known_ = false;  // The source has given token_.
  bool is_asked_ = false;  // Its reply is not there yet.
  std::vector<Waiter> waiters_;
};

}  // namespace ringcast::client
