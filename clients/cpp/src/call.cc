#include "cpp/src/call.h"

namespace ringcast::client {
namespace {

constexpr int kUnauthorized = 401;

}  // namespace

void Call::start(bool is_paused) {
  is_paused_ = is_paused;
  get_token(0);
}

void Call::pause() {
  is_paused_ = true;
  if (exchange_) {
    exchange_->pause();
  }
}

void Call::resume() {
  is_paused_ = false;
  if (exchange_) {
    exchange_->resume();
  }
}

void Call::get_token(uint64_t refused) {
  tokens_->get(refused, [weak = weak_from_this()](const Result<TokenKeeper::Token>& token) {
    if (const auto call = weak.lock()) {
      call->send(token);
    }
  });
}

void Call::send(const Result<TokenKeeper::Token>& token) {
  if (!token) {
    if (const auto sink = sink_.lock()) {
      sink->on_done(token.error());
    }
    return;
  }
  token_number_ = token->number;
  exchange_ = transport_.start(request_, token->text, weak_from_this());
  if (is_paused_) {
    exchange_->pause();
  }
}

void Call::on_open() {
  if (const auto sink = sink_.lock()) {
    sink->on_open();
  }
}

void Call::on_bytes(std::string_view bytes) {
  if (const auto sink = sink_.lock()) {
    sink->on_bytes(bytes);
  }
}

void Call::on_done(Result<Answer> answer) {
  exchange_.reset();
  const bool is_refused = answer && answer->status == kUnauthorized;
  if (is_refused && tokens_->has_source() && !std::exchange(has_renewed_, true)) {
    get_token(token_number_);
    return;
  }
  if (const auto sink = sink_.lock()) {
    sink->on_done(std::move(answer));
  }
}

}  // namespace ringcast::client
