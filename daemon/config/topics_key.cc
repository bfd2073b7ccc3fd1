#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "config/assignment.h"
#include "config/composite_keys.h"
#include "topics/name.h"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 1> kMatch = {"match"};

Result<std::string> read_match(const Node& rule, const std::string& path) {
  const Node* match = find_value(rule, kMatch[0]);
  if (match == nullptr) {
    return fail_at(rule.where, path, "needs match, the pattern of the topics that it is for");
  }
  if (match->kind != Node::Kind::kScalar) {
    return fail_at(match->where, path + ".match", "must be a topic pattern, not " + found(*match));
  }
  if (auto status = topics::check_pattern(match->scalar); !status) {
    return fail_at(match->where, path + ".match", found(*match) + ": " + status.error().detail);
  }
  return match->scalar;
}

// A rule is the rows of the table that the default policy has, applied to a configuration of its
// own that starts from that default.
Result<topics::PolicyRule> read_rule(const Node& rule, const std::string& path,
                                     const topics::Policy& fallback) {
  if (rule.kind != Node::Kind::kMap) {
    return fail_at(rule.where, path, "must be a map with match, not " + found(rule));
  }
  std::vector<Assignment> assignments;
  if (auto status = assign(rule, rule_keys(), path + ".", kMatch, assignments); !status) {
    return std::move(status).failure();
  }
  auto match = read_match(rule, path);
  if (!match) {
    return std::move(match).failure();
  }
  Config scratch;
  scratch.server.policies.fallback = fallback;
  if (auto status = apply(assignments, scratch); !status) {
    return std::move(status).failure();
  }
  return topics::PolicyRule{*std::move(match), scratch.server.policies.fallback};
}

}  // namespace

Status read_topics(const Node& value, std::string_view path, Config& config) {
  if (value.kind != Node::Kind::kSequence && value.kind != Node::Kind::kNull) {
    return fail_at(value.where, path, "must be a list of rules, not " + found(value));
  }
  std::vector<topics::PolicyRule> rules;
  for (const NodePtr& item : value.items) {
    const std::string name = std::string(path) + "[" + std::to_string(rules.size()) + "]";
    auto rule = read_rule(*item, name, config.server.policies.fallback);
    if (!rule) {
      return std::move(rule).failure();
    }
    const auto is_same = [&](const topics::PolicyRule& other) {
      return other.match == rule->match;
    };
    if (std::any_of(rules.begin(), rules.end(), is_same)) {
      return fail_at(item->where, name + ".match",
                     json::quoted(rule->match) +
                         " is there already: the first match wins, so this rule would never apply");
    }
    rules.push_back(*std::move(rule));
  }
  config.server.policies.rules = std::move(rules);
  return Ok{};
}

std::string print_topics(const Config& config) {
  if (config.server.policies.rules.empty()) {
    return " []";
  }
  std::string out;
  for (const topics::PolicyRule& rule : config.server.policies.rules) {
    Config scratch;
    scratch.server.policies.fallback = rule.policy;
    out.append("\n  - match: ").append(json::quoted(rule.match)).append("\n");
    out.append(print_keys(rule_keys(), scratch, 4));
    out.pop_back();  // The end of the last line is that of the list.
  }
  return out;
}

}  // namespace ringcast::config
