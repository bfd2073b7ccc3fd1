#include "topics/url_pattern.h"

#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "topics/url_pattern_string.h"

namespace ringcast::topics {

namespace {

// Text as the pattern that matches it.
std::string escaped(std::string_view text) {
  constexpr ByteSet kSyntax = ByteSet::of("+*?:{}()\\");
  std::string out;
  for (const char c : text) {
    out += kSyntax.contains(c) ? "\\" : "";
    out += c;
  }
  return out;
}

bool is_absolute_path(std::string_view pattern) {
  return pattern.starts_with('/') || pattern.starts_with("\\/") || pattern.starts_with("{/");
}

// What a relative pattern leaves out comes from the base, up to the first part that it has.
void resolve(UrlPatternParts& parts, const Url& base) {
  if (parts.protocol) {
    return;
  }
  parts.protocol = escaped(base.scheme);
  if (parts.hostname) {
    return;
  }
  parts.hostname = escaped(base.host.value_or(""));
  parts.port = base.port;
  if (parts.pathname) {
    if (!base.has_opaque_path && !is_absolute_path(*parts.pathname)) {
      const std::string folder = escaped(base.path);
      const size_t slash = folder.rfind('/');
      parts.pathname =
          folder.substr(0, slash == std::string::npos ? 0 : slash + 1) + *parts.pathname;
    }
    return;
  }
  parts.pathname = escaped(base.path);
  if (parts.search) {
    return;
  }
  parts.search = escaped(base.query);
  if (!parts.hash) {
    parts.hash = escaped(base.fragment);
  }
}

bool is_ipv6(std::string_view hostname) {
  return hostname.size() >= 2 &&
         (hostname.starts_with('[') || hostname.starts_with("{[") || hostname.starts_with("\\["));
}

// A "?" that begins a search belongs to it as little as the one before it, and so with "#".
void strip(std::optional<std::string>& part, char mark) {
  if (part && part->starts_with(mark)) {
    part->erase(0, 1);
  }
}

using Components = std::vector<UrlPatternComponent>;

Result<Components> compile(const UrlPatternParts& parts) {
  const std::string any = "*";
  const std::string& protocol = parts.protocol ? *parts.protocol : any;
  const std::string& hostname = parts.hostname ? *parts.hostname : any;
  auto is_special = matches_special_scheme(protocol);
  if (!is_special) {
    return std::move(is_special).failure();
  }
  const bool is_own_port =
      parts.port && !parts.port->empty() && *parts.port == default_port(protocol);
  const std::string none;
  const std::array<std::pair<UrlPart, const std::string*>, 8> patterns = {{
      {UrlPart::kProtocol, &protocol},
      {UrlPart::kUsername, parts.username ? &*parts.username : &any},
      {UrlPart::kPassword, parts.password ? &*parts.password : &any},
      {is_ipv6(hostname) ? UrlPart::kIpv6Hostname : UrlPart::kHostname, &hostname},
      {UrlPart::kPort, is_own_port ? &none : (parts.port ? &*parts.port : &any)},
      {*is_special ? UrlPart::kPathname : UrlPart::kOpaquePathname,
       parts.pathname ? &*parts.pathname : &any},
      {UrlPart::kSearch, parts.search ? &*parts.search : &any},
      {UrlPart::kHash, parts.hash ? &*parts.hash : &any},
  }};
  Components components;
  size_t room = kMaxRegexpSteps;
  for (const auto& [part, pattern] : patterns) {
    auto component = UrlPatternComponent::compile(*pattern, part, room);
    if (!component) {
      return std::move(component).failure();
    }
    components.push_back(*std::move(component));
  }
  return components;
}

// A topic is compared with one pattern after the other, and the parser takes longer than most.
const std::optional<Url>& parse_once(std::string_view topic, const Url* base) {
  struct Parsed {
    std::string topic;
    std::optional<Url> base;
    std::optional<Url> url;
  };
  thread_local Parsed last;
  const bool is_same =
      topic == last.topic && (base == nullptr ? !last.base : last.base && *base == *last.base);
  if (!is_same) {
    last = {std::string(topic), base == nullptr ? std::nullopt : std::optional(*base),
            parse_url(topic, base)};
  }
  return last.url;
}

Failure refuse(const std::string& why) {
  return fail(Errc::kInvalid, "URL pattern: " + why);
}

}  // namespace

Result<UrlPattern> UrlPattern::parse(std::string_view text, const Url* base) {
  if (text.size() > kMaxBytes) {
    return fail(Errc::kInvalid, "a URL pattern must have at most 4096 bytes");
  }
  if (!is_utf8(text)) {
    return fail(Errc::kInvalid, "a URL pattern must be valid UTF-8");
  }
  auto parts = split_url_pattern(text);
  if (!parts) {
    return refuse(parts.error().detail);
  }
  strip(parts->search, '?');
  strip(parts->hash, '#');
  if (base != nullptr) {
    resolve(*parts, *base);
  } else if (!parts->protocol) {
    return refuse("it is relative: it must begin with a protocol, as \"https://\"");
  }
  auto components = compile(*parts);
  if (!components) {
    return refuse(components.error().detail);
  }
  UrlPattern pattern;
  pattern.text_ = text;
  pattern.components_ = *std::move(components);
  return pattern;
}

size_t UrlPattern::effort() const {
  size_t effort = 0;
  for (const UrlPatternComponent& component : components_) {
    effort += component.effort();
  }
  return effort;
}

bool UrlPattern::matches(const Url& topic) const {
  const std::string no_host;
  const std::string& host = topic.host ? *topic.host : no_host;
  const std::array<std::string_view, 8> parts = {topic.scheme, topic.username, topic.password,
                                                 host,         topic.port,     topic.path,
                                                 topic.query,  topic.fragment};
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!components_[i].matches(parts[i])) {
      return false;
    }
  }
  return true;
}

bool UrlPattern::matches(std::string_view topic, const Url* base) const {
  const std::optional<Url>& url = parse_once(topic, base);
  return url && matches(*url);
}

}  // namespace ringcast::topics
