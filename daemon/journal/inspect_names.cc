#include "journal/inspect_names.h"

#include <utility>

namespace ringcast::journal {

namespace {

constexpr size_t kMostKnown = 65'536;

std::vector<std::string_view> split(std::string_view joined) {
  std::vector<std::string_view> names;
  each_name(joined, [&names](std::string_view name) { names.push_back(name); });
  return names;
}

}  // namespace

bool lists(std::string_view joined, std::string_view name) {
  bool is_there = false;
  each_name(joined, [&](std::string_view listed) { is_there |= listed == name; });
  return is_there;
}

Names::Names(ToolStatement by_number, ToolStatement by_name, ToolStatement entry)
    : by_number_(std::move(by_number)), by_name_(std::move(by_name)), entry_(std::move(entry)) {}

Result<Names> Names::open(ToolDatabase& database) {
  auto by_number = database.prepare("SELECT name, gone_high FROM topics WHERE number = ?1");
  auto by_name = database.prepare("SELECT number, gone_high FROM topics WHERE name = ?1");
  auto entry = database.prepare("SELECT 1 FROM entries WHERE topic = ?1 AND seq = ?2");
  for (auto* statement : {&by_number, &by_name, &entry}) {
    if (!*statement) {
      return std::move(*statement).failure();
    }
  }
  return Names(std::move(*by_number), std::move(*by_name), std::move(*entry));
}

Result<const Names::Topic*> Names::find(uint64_t number) {
  if (const auto known = known_.find(number); known != known_.end()) {
    return &known->second;
  }
  by_number_.reset();
  by_number_.bind(1, number);
  auto row = by_number_.step();
  if (!row) {
    return std::move(row).failure();
  }
  if (!*row) {
    return static_cast<const Topic*>(nullptr);
  }
  if (known_.size() == kMostKnown) {
    known_.clear();
  }
  Topic topic{.name = std::string(by_number_.text(0)), .gone_high = by_number_.number(1)};
  return &known_.emplace(number, std::move(topic)).first->second;
}

Result<bool> Names::has_entry(uint64_t seq, uint64_t topic) {
  entry_.reset();
  entry_.bind(1, topic);
  entry_.bind(2, seq);
  return entry_.step();
}

Result<bool> Names::is_held(uint64_t seq, uint64_t topic, std::string_view topics) {
  auto in_first = has_entry(seq, topic);
  if (!in_first || *in_first || topics.empty()) {
    return in_first;
  }
  for (const std::string_view name : split(topics)) {
    by_name_.reset();
    by_name_.bind(1, name);
    auto row = by_name_.step();
    if (!row) {
      return row;
    }
    auto held = *row ? has_entry(seq, by_name_.number(0)) : Result<bool>(false);
    if (!held || *held) {
      return held;
    }
  }
  return false;
}

Result<std::vector<std::string>> Names::alive_in(uint64_t seq, uint64_t topic,
                                                 std::string_view topics) {
  std::vector<std::string> alive;
  if (topics.empty()) {
    auto only = find(topic);
    if (!only) {
      return std::move(only).failure();
    }
    if (*only != nullptr && seq > (*only)->gone_high) {
      alive.push_back((*only)->name);
    }
    return alive;
  }
  for (const std::string_view name : split(topics)) {
    by_name_.reset();
    by_name_.bind(1, name);
    auto row = by_name_.step();
    if (!row) {
      return std::move(row).failure();
    }
    if (!*row || seq <= by_name_.number(1)) {
      continue;
    }
    auto held = has_entry(seq, by_name_.number(0));
    if (!held) {
      return std::move(held).failure();
    }
    if (*held) {
      alive.emplace_back(name);
    }
  }
  return alive;
}

}  // namespace ringcast::journal
