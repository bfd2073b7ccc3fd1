#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "http/request.h"
#include "http/response.h"
#include "server/hub.h"
#include "server/options.h"

namespace ringcast::server {

// At most so many lines in a second, so that a flood of requests does not fill a disk.
class LineLimit {
 public:
  explicit LineLimit(uint64_t per_second) : per_second_(per_second) {}

  // False: this one is left out. `now_ms` is a steady time.
  bool take(int64_t now_ms);
  // How many were left out of a second that is over, or, `at_end`, of the present one; told once.
  uint64_t take_left_out(int64_t now_ms, bool at_end = false);

 private:
  uint64_t per_second_;
  uint64_t used_ = 0;
  uint64_t left_out_ = 0;
  int64_t begun_ms_ = 0;
};

// The path of a request target for a log: without host, query and what else can hold a token, at
// most 256 bytes, everything but printable ASCII escaped as %XX.
[[nodiscard]] std::string path_for_log(std::string_view target);

// At most 256 bytes of a text for a log, cut between characters.
[[nodiscard]] std::string shortened(std::string_view text);

// Who asked, and for what. The texts are copied into lines shortened.
struct AccessSubject {
  std::string who;     // The identity's name; empty: nobody said who.
  std::string client;  // An address, or "unix".
  http::Method method = http::Method::kOther;
  std::string target;  // As it came; lines have its path only.
};

// Where drafts go: the first names, one in a line, as no name has line ends; and how many more.
struct TopicNames {
  std::string names;
  size_t more = 0;
};
[[nodiscard]] TopicNames topic_names(const std::vector<Draft>& drafts);
[[nodiscard]] TopicNames topic_names(const std::vector<std::string>& names,
                                     const std::vector<topics::MatcherRef>& matchers);

// The trail of one worker in the log, module "access": who published and reads where, and who was
// refused what. Never tokens, query strings, cookies or payloads. Callers ask first whether it
// wants to be told, so that nothing is put together in vain.
class AccessLog {
 public:
  static constexpr uint64_t kLinesPerSecond = 100;

  // `clock` outlives it.
  AccessLog(Log log, const Clock& clock) : log_(std::move(log)), clock_(clock) {}
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  ~AccessLog() { tell_left_out(true); }

  void set_lines(AccessLines lines) { lines_ = lines; }
  // Answers of 401, 403, 413 and 429, and streams that end because of their token.
  [[nodiscard]] bool wants_refusals() const noexcept { return lines_ != AccessLines::kNone; }
  [[nodiscard]] bool wants_refusal(int status) const noexcept {
    return wants_refusals() && (status == 401 || status == 403 || status == 413 || status == 429);
  }
  // All else: publishes, and the beginnings and ends of streams.
  [[nodiscard]] bool wants_all() const noexcept { return lines_ == AccessLines::kAll; }

  // The reason is the `detail` of the answer's problem.
  void refused(const AccessSubject& subject, const http::Response& answer);
  void published(const AccessSubject& subject, const TopicNames& topics, const Receipt& receipt);
  void subscribed(const AccessSubject& subject, const TopicNames& patterns, bool resumes);
  void stream_ended(const AccessSubject& subject, std::string_view reason);
  // A connection does not begin with what its port takes: of module "net", and one line in a second
  // at most, whatever is wanted of the others.
  void misbegun(LogLevel level, std::string_view what, const std::string& client);
  // The `detail` of the answer's problem, or the phrase of its status.
  std::string reason_of(const http::Response& answer);
  // Again and again: says how many lines were left out.
  void tick() { tell_left_out(false); }

 private:
  using Fields = std::vector<std::pair<std::string_view, std::string>>;
  bool begin_line();
  void tell_left_out(bool at_end);
  void write(std::string_view message, Fields fields);

  const Log log_;
  const Clock& clock_;
  AccessLines lines_ = AccessLines::kNone;
  LineLimit limit_{kLinesPerSecond};
  LineLimit misbegun_limit_{1};
  json::Reader reader_;
};

}  // namespace ringcast::server
