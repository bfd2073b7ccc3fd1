// URI templates and URL patterns: whatever they are, they parse or are refused; a template without
// expressions matches itself only; a URL is matched by itself as a pattern, and stays the same when
// it is put together and taken apart again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "topics/uri_template.h"
#include "topics/url.h"
#include "topics/url_pattern.h"

namespace {

using namespace ringcast::topics;  // NOLINT(google-build-using-namespace): all that is tested.

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_template(std::string_view text, std::string_view topic) {
  const auto parsed = UriTemplate::parse(text);
  if (!parsed) {
    require(!parsed.error().detail.empty());
    return;
  }
  require(parsed->text() == text && parsed->matches(text));
  const bool does_match = parsed->matches(topic);
  if (!parsed->has_expressions()) {
    require(does_match == (text == topic));
  } else if (does_match && text != topic) {
    const std::string_view literal = text.substr(0, text.find('{'));
    require(topic.starts_with(literal));
  }
}

void check_pattern(std::string_view text, std::string_view topic) {
  const auto base = parse_url("https://hub.example.com/.well-known/mercure");
  for (const Url* used : {static_cast<const Url*>(nullptr), &*base}) {
    const auto parsed = UrlPattern::parse(text, used);
    if (!parsed) {
      require(!parsed.error().detail.empty());
      continue;
    }
    const auto url = parse_url(topic, used);
    require(parsed->matches(topic, used) == (url && parsed->matches(*url)));
  }
}

std::string text_of(const Url& url, std::string (*write)(std::string_view)) {
  std::string text = write(url.scheme) + (write(":"));
  if (url.host) {
    text += "//" + write(url.username);
    text += url.password.empty() ? "" : write(":") + write(url.password);
    text += url.username.empty() && url.password.empty() ? "" : "@";
    text += write(*url.host);
    text += url.port.empty() ? "" : ":" + url.port;
  } else if (url.path.starts_with("//")) {
    text += "/.";  // Else it would be a host (WHATWG URL Standard, section 4.5).
  }
  text += write(url.path);
  text += url.query.empty() ? "" : "?" + write(url.query);
  return text + (url.fragment.empty() ? "" : "#" + write(url.fragment));
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += std::string_view("+*?:#{}()\\").find(c) == std::string_view::npos ? "" : "\\";
    out += c;
  }
  return out;
}

void check_url(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) {
    return;
  }
  const auto again =
      parse_url(text_of(*url, [](std::string_view part) { return std::string(part); }));
  require(again == url);
  const std::string as_pattern = text_of(*url, escaped);
  if (is_special_scheme(url->scheme) && as_pattern.size() <= UrlPattern::kMaxBytes) {
    const auto pattern = UrlPattern::parse(as_pattern);
    require(pattern && pattern->matches(*url));
  }
}

}  // namespace

// A template or pattern, and a topic, a line each.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const size_t end = std::min(input.find('\n'), input.size());
  const std::string_view matcher = input.substr(0, end);
  const std::string_view topic = input.substr(std::min(end + 1, input.size()));
  if (!ringcast::is_utf8(topic)) {
    return 0;  // No topic is anything else.
  }
  check_template(matcher, topic);
  check_pattern(matcher, topic);
  check_url(topic);
  return 0;
}
