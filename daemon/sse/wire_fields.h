#pragma once

#include <string_view>

namespace ringcast::sse {

// How a line of an event begins (WHATWG HTML section 9.2.5): always with the blank that a parser
// drops, so that a value may begin with one.
inline constexpr std::string_view kIdField = "id: ";
inline constexpr std::string_view kEventField = "event: ";
inline constexpr std::string_view kRetryField = "retry: ";
inline constexpr std::string_view kDataField = "data: ";

}  // namespace ringcast::sse
