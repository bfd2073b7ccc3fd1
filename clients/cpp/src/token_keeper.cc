#include "cpp/src/token_keeper.h"

#include <utility>

#include "cpp/src/errors.h"

namespace ringcast::client {

void TokenKeeper::get(uint64_t refused, Waiter waiter) {
  if (!source_ || (is_known_ && token_.number != refused)) {
    waiter(token_);
    return;
  }
  waiters_.push_back(std::move(waiter));
  if (!std::exchange(is_asked_, true)) {
    ask();
  }
}

void TokenKeeper::ask() {
  is_known_ = false;
  defer_([weak = weak_from_this()] {
    if (const auto keeper = weak.lock()) {
      keeper->source_(keeper->make_reply());
    }
  });
}

// Counts once, and does nothing when the client has gone.
TokenReply TokenKeeper::make_reply() {
  return [weak = weak_from_this(), is_replied = std::make_shared<bool>(false)](std::string text) {
    const auto keeper = weak.lock();
    if (keeper && !std::exchange(*is_replied, true)) {
      keeper->take_later(std::move(text));
    }
  };
}

void TokenKeeper::take_later(std::string text) {
  defer_([weak = weak_from_this(), text = std::move(text)] {
    if (const auto keeper = weak.lock()) {
      keeper->take(text);
    }
  });
}

void TokenKeeper::take(std::string text) {
  is_asked_ = false;
  Result<Token> result = Token{};
  if (text.empty()) {
    result = make_error(Errc::kNoToken, "there is no token: the token source had none");
  } else if (Error error = check_header_value("the token", text)) {
    result = std::move(error);
  } else {
    is_known_ = true;
    token_ = {std::move(text), token_.number + 1};
    result = token_;
  }
  for (const Waiter& waiter : std::exchange(waiters_, {})) {
    waiter(result);
  }
}

}  // namespace ringcast::client
