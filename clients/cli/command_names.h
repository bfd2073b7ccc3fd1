#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace ringcast::cli {

// The innermost command that was given, and its name with those around it: "journal check". `app`
// and "" without any.
[[nodiscard]] std::pair<const CLI::App*, std::string> command_of(const CLI::App& app);
// The help of that command.
[[nodiscard]] std::string help_of(const CLI::App& app);
// " (see ringcast NAME --help)"
[[nodiscard]] std::string see_help(const std::string& name);
// kInvalid: there is no `word` in `parent`, which is called `parent_name`; names the nearest.
Failure unknown_command(const CLI::App& parent, const std::string& parent_name,
                        const std::string& word);

// An option that takes a whole number.
CLI::Option* add_number(CLI::App& command, const std::string& name, std::optional<uint64_t>& target,
                        const std::string& description);

}  // namespace ringcast::cli
