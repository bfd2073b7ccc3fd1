#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/access.h"
#include "base/json.h"
#include "base/result.h"
#include "http/response.h"
#include "mercure/hub_topics.h"
#include "server/hub.h"

namespace ringcast::server {

// One long body, published line by line as it comes.
class NdjsonIngest {
 public:
  enum class State {
    kMore,     // Wants more bytes.
    kBehind,   // No memory until subscribers were served: call advance() again soon.
    kWaiting,  // For the journal: settle() is due, and then advance().
    kDone      // At the end, or a line was refused: see response().
  };
  // Publishes. Nothing: the outcome comes to settle(), with the drafts if it is a failure.
  using Publish = std::function<std::optional<Result<Receipt>>(std::vector<Draft>& drafts)>;

  NdjsonIngest(auth::IdentityRef publisher, std::string_view epoch, uint64_t line_limit)
      : publisher_(std::move(publisher)), epoch_(epoch), line_limit_(line_limit) {}

  void feed(std::string_view bytes) { text_.append(bytes); }
  // The body is complete: a last line without its line end counts.
  void finish() { at_end_ = true; }
  // Stops at the next line's border with what was accepted so far, as when draining. What waits
  // for the journal is waited for.
  void stop(Error error);
  // Publishes whole lines that are there. `own`: see DraftReader.
  State advance(const Publish& publish, json::Reader& reader,
                const mercure::HubTopics* own = nullptr);
  void settle(Result<Receipt> receipt, std::vector<Draft> drafts);
  // There was no memory when settle() came: advance() not at once, but soon.
  [[nodiscard]] bool is_behind() const noexcept { return is_behind_; }
  [[nodiscard]] http::Response response() const;
  [[nodiscard]] uint64_t lines() const noexcept { return line_; }

 private:
  bool next_line(std::string_view& line);
  void gather(json::Reader& reader, const mercure::HubTopics* own);
  void give_back(std::vector<Draft> drafts);
  void add(const Receipt& receipt);
  void fail_with(Error error);

  const auth::IdentityRef publisher_;
  std::string_view epoch_;  // The hub's.
  const uint64_t line_limit_;
  std::string text_;
  size_t taken_ = 0;  // Of text_.
  std::vector<Draft> batch_;
  std::vector<uint64_t> batch_lines_;  // Of batch_, behind those of what is being published.
  size_t sent_ = 0;                    // So many are being published.
  uint64_t line_ = 0;                  // The last one that was read, from 1.
  Receipt total_;
  std::optional<Error> error_;
  std::optional<Error> stopped_;  // As soon as the journal has answered.
  bool at_end_ = false;
  bool is_single_ = false;  // Line by line: the batch did not fit.
  bool is_behind_ = false;
  bool is_waiting_ = false;
};

}  // namespace ringcast::server
