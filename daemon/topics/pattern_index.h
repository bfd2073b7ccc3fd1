#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "topics/name.h"

namespace ringcast::topics {

// Patterns with wildcards in a tree of their segments: the ones that match a topic are found
// without looking at the others. T is what a pattern stands for; entries keep their address.
template <typename T>
class PatternIndex {
 public:
  // The entry of a checked pattern, made when it is new.
  T& operator[](std::string_view pattern) {
    const auto [node, is_deep] = descend(pattern);
    std::unique_ptr<T>& entry = is_deep ? node->deep : node->exact;
    if (!entry) {
      entry = std::make_unique<T>();
    }
    return *entry;
  }

  void erase(std::string_view pattern) { erase_below(root_, pattern, true); }

  // Calls visit(T&) for every pattern that matches the topic, each once.
  template <typename Visit>
  void each_match(std::string_view topic, Visit visit) const {
    match_below(root_, topic, true, is_reserved(topic), visit);
  }

  [[nodiscard]] bool empty() const noexcept { return root_.is_unused(); }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;  // "*" is one of them.
    std::unique_ptr<T> exact;
    std::unique_ptr<T> deep;  // The pattern goes on with "**" here.
    [[nodiscard]] bool is_unused() const noexcept { return children.empty() && !exact && !deep; }
  };

  static std::pair<std::string_view, bool> first_segment(std::string_view& rest) {
    const size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    return {segment, slash != std::string_view::npos};
  }

  // And whether the last segment was "**", which has no node of its own.
  std::pair<Node*, bool> descend(std::string_view rest) {
    Node* node = &root_;
    for (bool more = true; more;) {
      std::string_view segment;
      std::tie(segment, more) = first_segment(rest);
      if (!more && segment == "**") {
        return {node, true};
      }
      auto found = node->children.find(segment);
      if (found == node->children.end()) {
        found = node->children.emplace(segment, std::make_unique<Node>()).first;
      }
      node = found->second.get();
    }
    return {node, false};
  }

  static void erase_below(Node& node, std::string_view rest, bool more) {
    if (!more) {
      node.exact.reset();
      return;
    }
    const auto [segment, goes_on] = first_segment(rest);
    if (!goes_on && segment == "**") {
      node.deep.reset();
      return;
    }
    const auto found = node.children.find(segment);
    if (found == node.children.end()) {
      return;
    }
    erase_below(*found->second, rest, goes_on);
    if (found->second->is_unused()) {
      node.children.erase(found);
    }
  }

  // `guarded`: the topic starts with "$", so a wildcard as the first segment does not match.
  template <typename Visit>
  static void match_below(const Node& node, std::string_view rest, bool more, bool guarded,
                          Visit& visit) {
    if (node.deep && !guarded) {
      visit(*node.deep);
    }
    if (!more) {
      if (node.exact) {
        visit(*node.exact);
      }
      return;
    }
    const auto [segment, goes_on] = first_segment(rest);
    if (const auto found = node.children.find(segment); found != node.children.end()) {
      match_below(*found->second, rest, goes_on, false, visit);
    }
    if (const auto star = node.children.find("*"); star != node.children.end() && !guarded) {
      match_below(*star->second, rest, goes_on, false, visit);
    }
  }

  Node root_;
};

}  // namespace ringcast::topics
