#include "topics/url.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "topics/url_encoding.h"
#include "topics/url_host.h"

namespace ringcast::topics {

namespace {

bool is_slash(char c, bool is_special) {
  return c == '/' || (is_special && c == '\\');
}

// Tabs and line ends anywhere, and blanks around it, are taken out.
std::string without_blanks(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return out;
}

// Whether a path segment is "." or "..", percent-encoded or not; `dots` says which.
bool is_dots(std::string_view segment, size_t dots) {
  for (; dots > 0 && !segment.empty(); --dots) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (equals_ignoring_case(segment.substr(0, 3), "%2e")) {
      segment.remove_prefix(3);
    } else {
      return false;
    }
  }
  return dots == 0 && segment.empty();
}

void drop_last_segment(std::string& path) {
  const size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

class Parser {
 public:
  Parser(std::string_view text, const Url* base) : rest_(text), base_(base) {}

  std::optional<Url> parse() {
    const bool is_url = take_scheme() ? read_after_scheme() : base_ != nullptr && read_relative();
    return is_url ? std::optional(std::move(url_)) : std::nullopt;
  }

 private:
  bool take_scheme() {
    constexpr ByteSet kSchemes = kLetters | kDigits | ByteSet::of("+-.");
    const size_t colon = rest_.find(':');
    const std::string_view scheme = rest_.substr(0, colon);
    const bool is_scheme =
        colon != std::string_view::npos && !scheme.empty() && kLetters.contains(scheme.front()) &&
        std::all_of(scheme.begin(), scheme.end(), [&](char c) { return kSchemes.contains(c); });
    if (is_scheme) {
      set_scheme(to_lower(scheme));
      rest_.remove_prefix(colon + 1);
    }
    return is_scheme;
  }

  void set_scheme(std::string scheme) {
    url_.scheme = std::move(scheme);
    is_special_ = is_special_scheme(url_.scheme);
  }

  bool read_after_scheme() {
    if (url_.scheme == "file") {
      return read_file();
    }
    if (is_special_) {
      const bool is_relative = base_ != nullptr && base_->scheme == url_.scheme;
      return is_relative && !rest_.starts_with("//") ? read_relative() : read_special_authority();
    }
    if (rest_.starts_with("//")) {
      rest_.remove_prefix(2);
      return read_authority();
    }
    if (rest_.starts_with('/')) {
      return read_path();
    }
    const size_t end = std::min(rest_.find_first_of("?#"), rest_.size());
    url_.has_opaque_path = true;
    url_.path = percent_encode(rest_.substr(0, end), kControlEscapes);
    if (end < rest_.size() && url_.path.ends_with(' ')) {
      url_.path.replace(url_.path.size() - 1, 1, "%20");
    }
    rest_.remove_prefix(end);
    return read_query();
  }

  bool read_special_authority() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of("/\\"), rest_.size()));
    return read_authority();
  }

  bool read_file() {
    const bool is_relative = base_ != nullptr && base_->scheme == "file";
    if (is_slash(first(), true) && rest_.size() > 1 && is_slash(rest_[1], true)) {
      rest_.remove_prefix(2);
      const size_t end = std::min(rest_.find_first_of("/\\?#"), rest_.size());
      url_.host =
          end == 0 ? std::optional(std::string()) : parse_special_host(rest_.substr(0, end));
      if (url_.host == "localhost") {
        url_.host = "";
      }
      rest_.remove_prefix(end);
      return url_.host && read_path();
    }
    if (is_relative) {
      return read_relative();
    }
    url_.host = "";
    return read_path();
  }

  [[nodiscard]] char first() const { return rest_.empty() ? '\0' : rest_.front(); }

  // Without a scheme, or with the base's own and no authority.
  bool read_relative() {
    if (base_->has_opaque_path) {
      if (first() != '#') {
        return false;
      }
      url_ = *base_;
      return read_query();
    }
    set_scheme(base_->scheme);
    if (is_slash(first(), is_special_) && rest_.size() > 1 && is_slash(rest_[1], is_special_)) {
      rest_.remove_prefix(2);
      return is_special_ && url_.scheme != "file" ? read_special_authority() : read_authority();
    }
    url_.username = base_->username;
    url_.password = base_->password;
    url_.host = base_->host;
    url_.port = base_->port;
    if (is_slash(first(), is_special_)) {
      return read_path();
    }
    url_.path = base_->path;
    if (rest_.empty() || first() == '#') {
      url_.query = base_->query;
      return read_query();
    }
    if (first() == '?') {
      return read_query();
    }
    drop_last_segment(url_.path);
    return read_path();
  }

  bool read_authority() {
    const std::string_view ends = is_special_ ? "/\\?#" : "/?#";
    const std::string_view authority = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(authority.size());
    const size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
      const std::string_view user = authority.substr(0, at);
      const size_t colon = std::min(user.find(':'), user.size());
      url_.username = percent_encode(user.substr(0, colon), kUserinfoEscapes);
      url_.password =
          percent_encode(user.substr(std::min(colon + 1, user.size())), kUserinfoEscapes);
    }
    const std::string_view host = authority.substr(at == std::string_view::npos ? 0 : at + 1);
    const bool must_have_host = is_special_ || at != std::string_view::npos;
    return read_host(host, must_have_host) && read_path();
  }

  bool read_host(std::string_view text, bool must_be_there) {
    const size_t bracket = text.rfind(']');
    const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = text.substr(0, colon);
    const bool has_port = colon != std::string_view::npos;
    if (host.empty() && (must_be_there || has_port)) {
      return false;
    }
    url_.host = is_special_ ? parse_special_host(host) : parse_opaque_host(host);
    return url_.host && (!has_port || read_port(text.substr(colon + 1)));
  }

  bool read_port(std::string_view text) {
    const auto port = text.empty() ? std::optional<uint64_t>(0) : parse_uint(text);
    if (!port || *port > 65'535) {
      return false;
    }
    url_.port = text.empty() ? std::string() : std::to_string(*port);
    if (url_.port == default_port(url_.scheme)) {
      url_.port.clear();
    }
    return true;
  }

  bool read_path() {
    const size_t end = std::min(rest_.find_first_of("?#"), rest_.size());
    if (end > 0 || is_special_) {
      append_path(url_.path, rest_.substr(0, end), is_special_);
    }
    rest_.remove_prefix(end);
    return read_query();
  }

  // And the fragment; what stands here is either, or nothing.
  bool read_query() {
    const size_t hash = std::min(rest_.find('#'), rest_.size());
    if (rest_.starts_with('?')) {
      url_.query = percent_encode(rest_.substr(1, hash - 1),
                                  is_special_ ? kSpecialQueryEscapes : kQueryEscapes);
    }
    if (hash < rest_.size()) {
      url_.fragment = percent_encode(rest_.substr(hash + 1), kFragmentEscapes);
    }
    return true;
  }

  std::string_view rest_;
  const Url* const base_;
  Url url_;
  bool is_special_ = false;
};

}  // namespace

std::optional<Url> parse_url(std::string_view text, const Url* base) {
  const std::string cleaned = without_blanks(text);
  return Parser(cleaned, base).parse();
}

bool is_special_scheme(std::string_view scheme) {
  return std::any_of(kSpecialSchemes.begin(), kSpecialSchemes.end(),
                     [&](const SpecialScheme& special) { return special.name == scheme; });
}

std::string_view default_port(std::string_view scheme) {
  const auto found =
      std::find_if(kSpecialSchemes.begin(), kSpecialSchemes.end(),
                   [&](const SpecialScheme& special) { return special.name == scheme; });
  return found == kSpecialSchemes.end() ? std::string_view() : found->port;
}

void append_path(std::string& path, std::string_view text, bool is_special) {
  if (!text.empty() && is_slash(text.front(), is_special)) {
    text.remove_prefix(1);
  }
  for (;;) {
    const size_t end = std::min(text.find_first_of(is_special ? "/\\" : "/"), text.size());
    const std::string_view segment = text.substr(0, end);
    const bool is_last = end == text.size();
    if (is_dots(segment, 2)) {
      drop_last_segment(path);
      path += is_last ? "/" : "";
    } else if (is_dots(segment, 1)) {
      path += is_last ? "/" : "";
    } else {
      path += '/';
      path += percent_encode(segment, kPathEscapes);
    }
    if (is_last) {
      return;
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace ringcast::topics
