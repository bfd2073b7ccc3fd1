#pragma once

#include <string>

namespace ringcast {

// Where this source tree is: what the tests read that is not compiled into them.
[[nodiscard]] std::string source_dir();

}  // namespace ringcast
