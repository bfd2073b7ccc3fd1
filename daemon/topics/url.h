#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::topics {

// A URL as the basic URL parser of the WHATWG URL Standard takes it apart, each part serialized:
// what is not allowed there is percent-encoded, so that everything is ASCII.
struct Url {
  std::string scheme;  // In lower case, without ":".
  std::string username;
  std::string password;
  std::optional<std::string> host;
  std::string port;   // Empty: none, or the scheme's own.
  std::string path;   // "/a/b", or anything when it is opaque.
  std::string query;  // Without "?".
  std::string fragment;
  bool has_opaque_path = false;  // "mailto:a@example.com"

  bool operator==(const Url&) const = default;
};

// Nothing when it is no URL. `text` is valid UTF-8; without a scheme it is resolved against `base`,
// and without a base it is none. Two things are not done: hosts beyond ASCII (see url_host.h), and
// the drive letters of file URLs.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text, const Url* base = nullptr);

// Schemes whose URLs always have a path, and in which "\" is a slash.
struct SpecialScheme {
  std::string_view name;
  std::string_view port;  // Its own; empty: none.
};
inline constexpr std::array<SpecialScheme, 6> kSpecialSchemes = {
    {{"http", "80"}, {"https", "443"}, {"ws", "80"}, {"wss", "443"}, {"ftp", "21"}, {"file", ""}}};

[[nodiscard]] bool is_special_scheme(std::string_view scheme);
// Empty where there is none.
[[nodiscard]] std::string_view default_port(std::string_view scheme);

// Appends the segments of `text` to a path: "." and ".." are resolved, "\" is a slash when the
// scheme is special, the rest is percent-encoded. The path state of the parser.
void append_path(std::string& path, std::string_view text, bool is_special);

}  // namespace ringcast::topics
