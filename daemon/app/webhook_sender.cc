#include "app/webhook_sender.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "app/read_file.h"
#include "app/web_rules.h"
#include "base/random.h"

namespace ringcast::app {

namespace {

constexpr size_t kMostSecretBytes = 4096;
constexpr int64_t kMostWaitMs = 60'000;
// At the end what the journal still writes is waited for by looking again.
constexpr int64_t kLookAgainMs = 10;

}  // namespace

Result<std::vector<webhooks::Target>> read_webhooks(const std::vector<webhooks::Options>& options) {
  std::vector<webhooks::Target> targets;
  for (const webhooks::Options& each : options) {
    const std::string where = "webhooks[" + std::to_string(targets.size()) + "].secret_file: ";
    auto text = read_file(each.secret_file, kMostSecretBytes);
    if (!text) {
      return fail(text.error().code, where + text.error().detail);
    }
    auto keys = webhooks::parse_secrets(*text);
    if (!keys) {
      return fail(keys.error().code, where + each.secret_file + ": " + keys.error().detail);
    }
    targets.push_back({each, *std::move(keys)});
  }
  return targets;
}

WebhookSender::WebhookSender(server::Hub& hub, Log log)
    : hub_(hub), log_(std::move(log)), fanout_(hub, hub.own_reader(), {}) {
  hub_.set_waker(hub_.own_reader(), [this] {
    if (is_running_.load(std::memory_order_relaxed)) {
      posts_.wake();
    }
  });
}

WebhookSender::~WebhookSender() {
  finish(0);
}

void WebhookSender::set_readers(server::JournalReaders* readers) {
  fanout_.set_replay(
      {.read =
           [this, readers](uint64_t ticket, const topics::PageQuery& query) {
             readers->submit([this, ticket, query](topics::JournalReader& reader) {
               auto page = std::make_shared<Result<topics::Page>>(reader.read(query));
               post([this, ticket, page] { fanout_.take_page(ticket, std::move(*page)); });
             });
           },
       .find =
           [this, readers](uint64_t ticket, const topics::PlaceQuery& query) {
             readers->submit([this, ticket, query](topics::JournalReader& reader) {
               const Result<uint64_t> found = reader.find(query);
               post([this, ticket, found] { fanout_.take_place(ticket, found); });
             });
           }});
}

void WebhookSender::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  posts_.wake();
}

void WebhookSender::apply(std::vector<webhooks::Target> targets) {
  if (targets.empty() && !thread_.joinable()) {
    return;
  }
  post([this, targets = std::move(targets)] { take_targets(targets); });
  if (!thread_.joinable()) {
    is_running_ = true;
    thread_ = std::thread([this] { run(); });
  }
}

void WebhookSender::finish(int64_t within_ms) {
  if (!thread_.joinable()) {
    return;
  }
  post([this, within_ms] {
    const int64_t now_ms = hub_.clock().steady_ms();
    end_ms_ = now_ms + within_ms;
    for (const auto& webhook : webhooks_) {
      webhook->hurry(now_ms);
    }
  });
  thread_.join();
  is_running_ = false;
}

void WebhookSender::run() {
  block_signals();
  for (;;) {
    run_posted();
    bool has_more = turn();
    send();
    posts_.perform();
    // An outcome has made room.
    has_more = turn() || has_more;
    if (is_over()) {
      break;
    }
    send();
    posts_.wait(has_more ? 0 : wait_ms());
  }
  while (!webhooks_.empty()) {
    remove(webhooks_.size() - 1);
  }
}

void WebhookSender::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const std::function<void()>& task : tasks) {
    task();
  }
}

void WebhookSender::take_targets(std::vector<webhooks::Target> targets) {
  for (size_t index = webhooks_.size(); index-- > 0;) {
    const std::string& name = webhooks_[index]->name();
    if (std::none_of(targets.begin(), targets.end(),
                     [&](const auto& target) { return target.options.name == name; })) {
      remove(index);
    }
  }
  for (webhooks::Target& target : targets) {
    const auto known = std::find_if(webhooks_.begin(), webhooks_.end(), [&](const auto& webhook) {
      return webhook->name() == target.options.name;
    });
    if (known != webhooks_.end()) {
      (*known)->apply(std::move(target));
    } else {
      webhooks_.push_back(
          std::make_unique<webhooks::Webhook>(std::move(target), hub_, fanout_, log_, random_bits));
    }
  }
  publish_counts();
}

void WebhookSender::remove(size_t index) {
  const webhooks::Webhook& webhook = *webhooks_[index];
  posts_.cancel(&webhook);
  if (webhook.undelivered() > 0 || webhook.is_behind()) {
    const std::string bound = webhook.is_behind() ? "at least " : "";
    log_({LogLevel::kWarn,
          "events for the webhook are left undelivered",
          {{"webhook", webhook.name()}, {"events", bound + std::to_string(webhook.undelivered())}},
          "webhooks"});
  }
  webhooks_.erase(webhooks_.begin() + static_cast<std::ptrdiff_t>(index));
}

// True when it has to be called again at once.
bool WebhookSender::turn() {
  bool has_more = fanout_.turn();
  for (const auto& webhook : webhooks_) {
    has_more = webhook->turn(hub_.clock().steady_ms()) || has_more;
  }
  return has_more;
}

void WebhookSender::send() {
  const int64_t now_ms = hub_.clock().steady_ms();
  for (const auto& webhook : webhooks_) {
    const auto request = webhook->next(now_ms);
    if (!request) {
      continue;
    }
    posts_.start(
        webhook.get(),
        {.url = request->url,
         .headers = {"Content-Type: application/json", "Expect:", "webhook-id: " + request->id,
                     "webhook-timestamp: " + request->timestamp,
                     "webhook-signature: " + request->signature},
         .body = request->body,
         .timeout_ms = request->timeout_ms},
        [this, &webhook = *webhook](const std::string& failure) {
          if (failure.empty()) {
            webhook.delivered();
          } else {
            webhook.failed(hub_.clock().steady_ms(), failure);
          }
        });
  }
}

int64_t WebhookSender::wait_ms() const {
  const int64_t now_ms = hub_.clock().steady_ms();
  int64_t due_ms = now_ms + kMostWaitMs;
  for (const auto& webhook : webhooks_) {
    due_ms = std::min(due_ms, webhook->due_ms());
  }
  if (end_ms_ > 0) {
    due_ms = std::min({due_ms, end_ms_, now_ms + kLookAgainMs});
  }
  return std::max<int64_t>(due_ms - now_ms, 0);
}

bool WebhookSender::is_over() const {
  if (end_ms_ == 0) {
    return false;
  }
  const bool is_done = !fanout_.has_work() && !hub_.has_news(hub_.own_reader()) &&
                       hub_.counts().is_settled &&
                       std::all_of(webhooks_.begin(), webhooks_.end(),
                                   [](const auto& webhook) { return webhook->is_caught_up(); });
  return is_done || hub_.clock().steady_ms() >= end_ms_;
}

void WebhookSender::publish_counts() {
  const std::lock_guard lock(mutex_);
  counts_.clear();
  for (const auto& webhook : webhooks_) {
    counts_.emplace_back(webhook->name(), webhook->counts());
  }
}

std::vector<admin::WebhookSnapshot> WebhookSender::snapshot() const {
  std::vector<admin::WebhookSnapshot> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, counts] : counts_) {
    all.push_back({.name = name,
                   .requests = counts->requests.value(),
                   .failures = counts->failures.value(),
                   .delivered = counts->delivered.value(),
                   .lost = counts->lost.value(),
                   .is_failing = counts->is_failing});
  }
  return all;
}

}  // namespace ringcast::app
