#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/metrics.h"
#include "app/web_posts.h"
#include "base/log.h"
#include "base/result.h"
#include "server/fanout.h"
#include "server/journal_readers.h"
#include "webhooks/webhook.h"

namespace ringcast::app {

// The webhooks with the secrets that their files hold. An error names webhook and file.
Result<std::vector<webhooks::Target>> read_webhooks(const std::vector<webhooks::Options>& options);

// The webhooks at work, on a thread of their own that reads the hub like a worker does and is there
// once there is a webhook. Owned by the Daemon; outlives the workers and the journal's thread.
class WebhookSender {
 public:
  // `hub` outlives it.
  WebhookSender(server::Hub& hub, Log log);
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;
  ~WebhookSender();

  // With a journal, before apply().
  void set_readers(server::JournalReaders* readers);
  // What is to run from now on. Those that are known by their names go on where they are.
  void apply(std::vector<webhooks::Target> targets);
  // The end: waits until what is in the hub has been delivered, as far as it can be within the
  // time, and says what has not. What has failed is tried once more.
  void finish(int64_t within_ms);

  [[nodiscard]] std::vector<admin::WebhookSnapshot> snapshot() const;

 private:
  void run();
  void run_posted();
  void post(std::function<void()> task);
  void take_targets(std::vector<webhooks::Target> targets);
  void remove(size_t index);
  bool turn();
  void send();
  [[nodiscard]] int64_t wait_ms() const;
  [[nodiscard]] bool is_over() const;
  void publish_counts();

  server::Hub& hub_;
  const Log log_;
  WebPosts posts_;
  // The thread's.
  server::Fanout fanout_;
  std::vector<std::unique_ptr<webhooks::Webhook>> webhooks_;
  int64_t end_ms_ = 0;  // 0: it goes on.

  mutable std::mutex mutex_;  // Guards the next two.
  std::vector<std::function<void()>> posted_;
  std::vector<std::pair<std::string, std::shared_ptr<const webhooks::WebhookCounts>>> counts_;
  std::atomic<bool> is_running_ = false;
  std::thread thread_;
};

}  // namespace ringcast::app
