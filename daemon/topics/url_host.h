#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringcast::topics {

// The host parser and serializer of the WHATWG URL Standard (section 3.5): in lower case,
// percent-decoded, IPv4 addresses in any spelling as four numbers, IPv6 addresses in brackets and
// in their short form. Nothing when it is no host.
// Hosts beyond ASCII are not mapped to theirs in ASCII ("xn--..."), which takes Unicode's tables:
// they are no hosts here.
[[nodiscard]] std::optional<std::string> parse_special_host(std::string_view text);

// The same for schemes that are not special: percent-encoded, but otherwise as it came.
[[nodiscard]] std::optional<std::string> parse_opaque_host(std::string_view text);

}  // namespace ringcast::topics
