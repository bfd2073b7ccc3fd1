#include "mercure/selector.h"

#include <memory>
#include <optional>
#include <utility>

#include "auth/source.h"
#include "mercure/hub_topics.h"
#include "topics/uri_template.h"

namespace ringcast::mercure {

namespace {

// What a compiled template costs, by its length: a part for each expression, and its literals.
constexpr size_t kBytesForEach = 48;
// The same where regular expressions may be: each character may be a step of them.
constexpr size_t kBytesForEachOfGroups = 160;

// How every name begins that a template matches. A literal that is not plain ASCII may stand in a
// topic percent-encoded.
std::string_view prefix_of(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' || text[i] == '%' || static_cast<unsigned char>(text[i]) >= 0x80U) {
      return text.substr(0, i);
    }
  }
  return text;
}

// With another base, the same text matches other topics. `base` may be null.
std::string kind_of_pattern(const topics::Url* base) {
  return base == nullptr ? "urlpattern"
                         : "urlpattern " + auth::joined({base->scheme, base->username,
                                                         base->password, base->host.value_or(""),
                                                         base->port, base->path, base->query});
}

topics::MatcherRef match_all() {
  static const auto all = std::make_shared<const topics::Matcher>(
      "all", "*", "", [](std::string_view /*name*/) { return true; }, topics::Matcher::Cost{});
  return all;
}

}  // namespace

Selector read_selector(std::string_view text) {
  if (text == "*") {
    return {match_all()};
  }
  if (text.find('{') == std::string_view::npos) {
    return {};
  }
  auto compiled = topics::UriTemplate::parse(text);
  if (!compiled) {
    return {};
  }
  const std::string_view prefix = prefix_of(text);
  const topics::Matcher::Cost cost{.memory = kBytesForEach * text.size(),
                                   .effort = compiled->effort()};
  return {std::make_shared<const topics::Matcher>(
      "template", text, prefix,
      [compiled = *std::move(compiled)](std::string_view name) {
        return name == compiled.text() || compiled.matches(name);
      },
      cost)};
}

topics::MatcherRef match_all_but(std::string_view root) {
  const auto test = [without = std::string(root)](std::string_view name) {
    return !is_at_or_below(name, without);
  };
  return std::make_shared<const topics::Matcher>("all but " + std::string(root), "*", "", test,
                                                 topics::Matcher::Cost{.memory = root.size()});
}

Selector read_selector(const TopicMatch& match, const topics::Url* base) {
  if (match.match == "*") {
    return {match_all()};
  }
  if (match.pattern == nullptr) {
    return {};
  }
  const auto test = [match, own = base == nullptr ? std::nullopt
                                                  : std::optional(*base)](std::string_view name) {
    return match.matches(name, own ? &*own : nullptr);
  };
  const std::string kind = kind_of_pattern(base);
  const bool has_groups = match.match.find('(') != std::string::npos;
  const topics::Matcher::Cost cost{
      .memory = (has_groups ? kBytesForEachOfGroups : kBytesForEach) * match.match.size() +
                3 * kind.size(),
      .effort = match.pattern->effort()};
  return {std::make_shared<const topics::Matcher>(kind, match.match, "", test, cost)};
}

topics::SelectorsRef select(const AccessToken& token, Action action, const topics::Url* base) {
  std::vector<std::string> names;
  std::vector<topics::MatcherRef> matchers;
  bool is_granted = false;
  for (const AccessToken::Detail& detail : token.details) {
    if (!detail.has(action)) {
      continue;
    }
    is_granted = true;
    for (const TopicMatch& match : detail.topics) {
      if (Selector selector = read_selector(match, base); selector.matcher) {
        matchers.push_back(std::move(selector.matcher));
      } else {
        names.push_back(match.match);
      }
    }
  }
  return is_granted ? std::make_shared<const topics::Selectors>(names, std::move(matchers))
                    : nullptr;
}

topics::SelectorsRef select(const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return nullptr;
  }
  std::vector<std::string> names;
  std::vector<topics::MatcherRef> matchers;
  for (const std::string& text : texts) {
    if (Selector selector = read_selector(text); selector.matcher) {
      matchers.push_back(std::move(selector.matcher));
    } else {
      names.push_back(text);
    }
  }
  return std::make_shared<const topics::Selectors>(names, std::move(matchers));
}

}  // namespace ringcast::mercure
