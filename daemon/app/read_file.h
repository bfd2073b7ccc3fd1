#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace ringcast::app {

// All of a file. kIo when it cannot be read, kInvalid when it is larger; both name it.
Result<std::string> read_file(const std::string& path, size_t max_bytes);

}  // namespace ringcast::app
