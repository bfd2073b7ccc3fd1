#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace ringcast::app {

// All of a regular file: a pipe could let its reader wait forever. kIo when it cannot be read,
// kInvalid when it is larger or no such file; both name it.
Result<std::string> read_file(const std::string& path, size_t max_bytes);

}  // namespace ringcast::app
