#pragma once

#include <string_view>

namespace ringcast::cli {

// One line on standard error, "ringcast: …"; line ends within `text` become blanks.
void complain(std::string_view text);

}  // namespace ringcast::cli
