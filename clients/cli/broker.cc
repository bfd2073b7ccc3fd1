#include "cli/broker.h"

#include <poll.h>

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ringcast::cli {

void Broker::LoopCloser::operator()(uv_loop_t* loop) const {
  const std::unique_ptr<uv_loop_t> memory(loop);
  uv_run(loop, UV_RUN_DEFAULT);
  [[maybe_unused]] const int rc = uv_loop_close(loop);
  assert(rc == 0 && "a uv handle outlived its owner");
}

client::Result<Broker> Broker::open(const ConnectOptions& options) {
  auto memory = std::make_unique<uv_loop_t>();
  if (const int rc = uv_loop_init(memory.get()); rc != 0) {
    client::Error error;
    error.code = client::Errc::kUnusable;
    error.message = std::string("cannot make an event loop: ") + uv_strerror(rc);
    return error;
  }
  Loop loop(memory.release());
  client::ClientOptions wanted;
  wanted.url = options.url;
  wanted.token = options.token;
  wanted.ca_file = options.ca_file;
  wanted.insecure = options.insecure;
  wanted.user_agent = "ringcast/" RINGCAST_VERSION;
  auto client = client::Client::open(loop.get(), std::move(wanted));
  if (!client) {
    return client.error();
  }
  return Broker(std::move(loop), *std::move(client));
}

// Each turn of the loop is short, and the waiting is done here. uv_run() itself would go on to wait
// after a turn that has brought what is waited for, and uv_poll_t would make the output
// non-blocking for all who share it.
void Broker::run_until(const std::function<bool()>& is_done, EndCondition* end) {
  while (!is_done()) {
    uv_update_time(loop_.get());  // Writing the output may have taken long.
    const int timeout_ms = uv_backend_timeout(loop_.get());
    const uint64_t wait_ms = timeout_ms < 0 ? UINT64_MAX : static_cast<uint64_t>(timeout_ms);
    pollfd loop{.fd = uv_backend_fd(loop_.get()), .events = POLLIN, .revents = 0};
    if (end == nullptr) {
      poll(&loop, 1, timeout_ms);
    } else if (end->wait(loop, wait_ms) != EndCondition::Reason::kNone) {
      return;
    }
    uv_run(loop_.get(), UV_RUN_NOWAIT);
  }
}

client::Result<client::Response> Broker::send(client::Request request) {
  std::optional<client::Result<client::Response>> answer;
  client_.send(std::move(request),
               [&answer](client::Result<client::Response> result) { answer = std::move(result); });
  run_until([&answer] { return answer.has_value(); });
  return *std::move(answer);
}

ExitCode exit_code_of(const client::Error& error) {
  switch (error.code) {
    case client::Errc::kNone:
      return ExitCode::kOk;
    case client::Errc::kInvalid:
      return ExitCode::kUsage;
    case client::Errc::kRefused:
    case client::Errc::kNotAStream:
    case client::Errc::kTooLarge:
      return ExitCode::kRefused;
    case client::Errc::kUnusable:
    case client::Errc::kNoConnection:
    case client::Errc::kBroken:
    case client::Errc::kTimeout:
    case client::Errc::kNoToken:
    case client::Errc::kQueueFull:
    case client::Errc::kClosed:
      break;
  }
  return ExitCode::kCannotConnect;
}

}  // namespace ringcast::cli
