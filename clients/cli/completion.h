#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

#include "base/result.h"

namespace ringcast::cli {

// A completion script for "bash", "zsh" or "fish", made from the commands and options of `app`.
// kInvalid for another shell.
Result<std::string> completion_script(const CLI::App& app, std::string_view shell);

}  // namespace ringcast::cli
