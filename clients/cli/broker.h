#pragma once

#include <ringcast/client.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <utility>

#include "cli/end_condition.h"
#include "cli/exit_code.h"
#include "cli/options.h"

namespace ringcast::cli {

// The broker, for a command that waits for each answer. Owns the loop that the client lives on.
class Broker {
 public:
  // Every command that talks to the broker begins here. kInvalid when an option is wrong.
  static client::Result<Broker> open(const ConnectOptions& options);
  Broker(Broker&& other) noexcept = default;
  Broker& operator=(Broker&&) = delete;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker() = default;

  [[nodiscard]] client::Client& client() { return client_; }
  // Runs the loop until `is_done`, which is asked after each turn, or until `end` (may be null)
  // comes true.
  void run_until(const std::function<bool()>& is_done, EndCondition* end = nullptr);
  client::Result<client::Response> send(client::Request request);

 private:
  struct LoopCloser {
    // Runs the close callbacks that are still due.
    void operator()(uv_loop_t* loop) const;
  };
  using Loop = std::unique_ptr<uv_loop_t, LoopCloser>;

  Broker(Loop loop, client::Client client) : loop_(std::move(loop)), client_(std::move(client)) {}

  Loop loop_;
  client::Client client_;  // Goes before its loop.
};

// What the command ends with after an error: kUsage for what nobody would accept, kRefused where
// the broker has answered, else kCannotConnect.
[[nodiscard]] ExitCode exit_code_of(const client::Error& error);

}  // namespace ringcast::cli
