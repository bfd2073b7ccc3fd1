#include "cli/command_names.h"

#include <vector>

#include "base/text.h"

namespace ringcast::cli {

std::pair<const CLI::App*, std::string> command_of(const CLI::App& app) {
  const CLI::App* command = &app;
  std::string name;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += (name.empty() ? "" : " ") + command->get_name();
  }
  return {command, name};
}

std::string help_of(const CLI::App& app) {
  const auto [command, name] = command_of(app);
  const size_t above = name.find_last_of(' ');
  const std::string around = above == std::string::npos ? "" : " " + name.substr(0, above);
  return name.empty() ? app.help() : command->help("ringcast" + around);
}

std::string see_help(const std::string& name) {
  return " (see ringcast" + (name.empty() ? "" : " " + name) + " --help)";
}

Failure unknown_command(const CLI::App& parent, const std::string& parent_name,
                        const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : parent.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  const std::string close = nearest(word, names);
  return fail(Errc::kInvalid, "no command '" + word + "'" +
                                  (close.empty() ? "" : ", did you mean '" + close + "'?") +
                                  see_help(parent_name));
}

CLI::Option* add_number(CLI::App& command, const std::string& name, std::optional<uint64_t>& target,
                        const std::string& description) {
  return command
      .add_option_function<std::string>(
          name,
          [&target, name](const std::string& text) {
            target = parse_uint(text);
            if (!target) {
              throw CLI::ValidationError(name, "'" + text + "' is no whole number");
            }
          },
          description)
      ->type_name("N");
}

}  // namespace ringcast::cli
