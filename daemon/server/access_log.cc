#include "server/access_log.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/text.h"

namespace ringcast::server {

namespace {

constexpr int64_t kSecondMs = 1000;
constexpr size_t kMostShown = 256;  // Of a path, a name or a reason.
constexpr size_t kMostNames = 20;   // Of topics in one line.
constexpr std::string_view kCut = "...";
constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::string_view kModule = "access";

// The absolute form can have a name and a password before the host.
std::string_view without_host(std::string_view target) {
  const size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) {
    return target;
  }
  const size_t path = target.find_first_of("/?#", scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

// Where a path ends, also one whose query was escaped or stuck to it by mistake.
size_t end_of_path(std::string_view text) {
  size_t end = std::min(text.find_first_of("?#"), text.size());
  const std::string lower = to_lower(text.substr(0, end));
  for (const std::string_view mark : {"%3f", "%23", "access_token"}) {
    end = std::min(end, lower.find(mark));
  }
  return end;
}

void add_names(std::vector<std::pair<std::string_view, std::string>>& fields,
               std::string_view field, const TopicNames& topics) {
  fields.emplace_back(field, topics.names);
  if (topics.more > 0) {
    fields.emplace_back("more", std::to_string(topics.more));
  }
}

TopicNames first_of(const std::set<std::string_view>& names) {
  TopicNames topics;
  size_t count = 0;
  for (const std::string_view name : names) {
    if (++count <= kMostNames) {
      topics.names.append(count == 1 ? "" : "\n").append(shortened(name));
    }
  }
  topics.more = count - std::min(count, kMostNames);
  return topics;
}

}  // namespace

bool LineLimit::take(int64_t now_ms) {
  if (now_ms - begun_ms_ >= kSecondMs) {
    begun_ms_ = now_ms;
    used_ = 0;
  }
  if (used_ < per_second_) {
    ++used_;
    return true;
  }
  ++left_out_;
  return false;
}

uint64_t LineLimit::take_left_out(int64_t now_ms, bool at_end) {
  const bool is_over = at_end || now_ms - begun_ms_ >= kSecondMs;
  return is_over ? std::exchange(left_out_, 0) : 0;
}

std::string shortened(std::string_view text) {
  if (text.size() <= kMostShown) {
    return std::string(text);
  }
  // Never in the middle of a character: the log would escape all of it.
  size_t size = kMostShown - kCut.size();
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) {
    --size;
  }
  return std::string(text.substr(0, size)).append(kCut);
}

std::string path_for_log(std::string_view target) {
  const std::string_view path = without_host(target);
  std::string out;
  for (const char c : path.substr(0, end_of_path(path))) {
    if (out.size() > kMostShown) {
      break;
    }
    if (c > ' ' && c < '\x7f') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4U], kHex[byte & 0xFU]});
    }
  }
  return shortened(out);
}

TopicNames topic_names(const std::vector<Draft>& drafts) {
  std::set<std::string_view> names;
  for (const Draft& draft : drafts) {
    const auto& topics = draft.event ? draft.event->topics() : draft.comment_topics;
    names.insert(topics.begin(), topics.end());
  }
  return first_of(names);
}

TopicNames topic_names(const std::vector<std::string>& names,
                       const std::vector<topics::MatcherRef>& matchers) {
  std::set<std::string_view> all(names.begin(), names.end());
  for (const topics::MatcherRef& matcher : matchers) {
    all.insert(matcher->text());
  }
  return first_of(all);
}

bool AccessLog::begin_line() {
  tell_left_out(false);
  return limit_.take(clock_.steady_ms());
}

void AccessLog::tell_left_out(bool at_end) {
  if (const uint64_t lines = limit_.take_left_out(clock_.steady_ms(), at_end); lines > 0) {
    log_({LogLevel::kWarn, "access lines left out", {{"lines", std::to_string(lines)}}, kModule});
  }
}

void AccessLog::write(std::string_view message, Fields fields) {
  log_({LogLevel::kInfo, std::string(message), std::move(fields), kModule});
}

void AccessLog::refused(const AccessSubject& subject, const http::Response& answer) {
  if (begin_line()) {
    const std::string_view name = http::name_of(subject.method);
    write("refused", {{"who", shortened(subject.who)},
                      {"client", subject.client},
                      {"method", std::string(name.empty() ? "other" : name)},
                      {"path", path_for_log(subject.target)},
                      {"status", std::to_string(answer.status)},
                      {"reason", reason_of(answer)}});
  }
}

void AccessLog::published(const AccessSubject& subject, const TopicNames& topics,
                          const Receipt& receipt) {
  if (begin_line()) {
    Fields fields = {{"who", shortened(subject.who)}, {"client", subject.client}};
    add_names(fields, "topics", topics);
    fields.emplace_back("first_id", receipt.first_id);
    fields.emplace_back("last_id", receipt.last_id);
    fields.emplace_back("count", std::to_string(receipt.accepted));
    if (receipt.duplicates > 0) {
      fields.emplace_back("duplicates", std::to_string(receipt.duplicates));
    }
    write("published", std::move(fields));
  }
}

void AccessLog::subscribed(const AccessSubject& subject, const TopicNames& patterns, bool resumes) {
  if (begin_line()) {
    Fields fields = {{"who", shortened(subject.who)}, {"client", subject.client}};
    add_names(fields, "patterns", patterns);
    fields.emplace_back("resumes", resumes ? "true" : "false");
    write("subscribed", std::move(fields));
  }
}

void AccessLog::stream_ended(const AccessSubject& subject, std::string_view reason) {
  if (begin_line()) {
    write("stream ended", {{"who", shortened(subject.who)},
                           {"client", subject.client},
                           {"reason", shortened(reason)}});
  }
}

void AccessLog::misbegun(LogLevel level, std::string_view what, const std::string& client) {
  if (misbegun_limit_.take(clock_.steady_ms())) {
    log_({level, std::string(what), {{"client", client}}, "net"});
  }
}

std::string AccessLog::reason_of(const http::Response& answer) {
  std::string reason;
  const Status read = reader_.read(answer.body, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (name == "detail") {
        const Result<std::string_view> text = value.string();
        reason = text ? shortened(*text) : std::string();
      }
      return Ok{};
    });
  });
  return read && !reason.empty() ? reason : std::string(http::reason_phrase(answer.status));
}

}  // namespace ringcast::server
