#include "cli/completion.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace ringcast::cli {
namespace {

struct Flag {
  std::string long_name;  // Without dashes; may be empty.
  std::string short_name;
  std::string description;
  bool takes_value = false;
};

std::vector<Flag> flags_of(const CLI::App& command) {
  std::vector<Flag> flags;
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional()) {
      const auto& longs = option->get_lnames();
      const auto& shorts = option->get_snames();
      flags.push_back({.long_name = longs.empty() ? "" : longs.front(),
                       .short_name = shorts.empty() ? "" : shorts.front(),
                       .description = option->get_description(),
                       .takes_value = option->get_expected_max() > 0});
    }
  }
  return flags;
}

// With those of the commands within it, each once.
std::vector<Flag> all_flags_of(const CLI::App& command) {
  std::vector<Flag> flags = flags_of(command);
  for (const CLI::App* inner : command.get_subcommands({})) {
    for (Flag& flag : flags_of(*inner)) {
      if (std::none_of(flags.begin(), flags.end(), [&flag](const Flag& known) {
            return known.long_name == flag.long_name && known.short_name == flag.short_name;
          })) {
        flags.push_back(std::move(flag));
      }
    }
  }
  return flags;
}

std::string words_of(const CLI::App& command) {
  std::string words;
  for (const auto& flag : flags_of(command)) {
    words += flag.short_name.empty() ? "" : "-" + flag.short_name + " ";
    words += flag.long_name.empty() ? "" : "--" + flag.long_name + " ";
  }
  return words;
}

std::string command_names(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names += (names.empty() ? "" : " ") + command->get_name();
  }
  return names;
}

bool is_group(const CLI::App& command) {
  return !command.get_subcommands({}).empty();
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// Within single quotes, as bash, zsh and fish have them.
std::string quoted(const std::string& text) {
  return "'" + replace_all(text, "'", "'\\''") + "'";
}

// What may stand behind a command, and behind those within it.
void append_bash_cases(std::string& paths, std::string& cases, const CLI::App& parent,
                       const std::string& above) {
  for (const CLI::App* command : parent.get_subcommands({})) {
    const std::string path = above + command->get_name();
    const bool wants_shell = path == "completion";
    const std::string first = wants_shell          ? "bash zsh fish "
                              : is_group(*command) ? command_names(*command) + " "
                                                   : "";
    paths += (paths.empty() ? "\"" : " | \"") + path + "\"";
    cases += "    \"" + path + "\") words=" + quoted(first + words_of(*command)) + " ;;\n";
    append_bash_cases(paths, cases, *command, path + " ");
  }
}

std::string bash_script(const CLI::App& app) {
  std::string paths;
  std::string cases;
  append_bash_cases(paths, cases, app, "");
  return R"(_ringcast() {
  local current="${COMP_WORDS[COMP_CWORD]}" command="" words word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    word="${command:+$command }$word"
    case "$word" in
      )" +
         paths +
         R"() command="$word" ;;
    esac
  done
  case "$command" in
)" + cases +
         "    *) words=" + quoted(command_names(app) + " " + words_of(app)) +
         R"( ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ringcast ringcast
)";
}

// One argument of _arguments: '(-n --count)'{-n,--count}'[text]:value:'.
std::string zsh_spec(const Flag& flag) {
  std::string text = flag.description;
  for (const std::string_view special : {"\\", "[", "]", ":"}) {
    text = replace_all(std::move(text), special, "\\" + std::string(special));
  }
  const std::string value = flag.takes_value ? ":value:_files" : "";
  const std::string tail = "[" + text + "]" + value;
  const std::string long_name = "--" + flag.long_name;
  const std::string short_name = "-" + flag.short_name;
  if (flag.short_name.empty() || flag.long_name.empty()) {
    return quoted((flag.long_name.empty() ? short_name : long_name) + tail);
  }
  return quoted("(" + short_name + " " + long_name + ")") + "{" + short_name + "," + long_name +
         "}" + quoted(tail);
}

std::string zsh_script(const CLI::App& app) {
  std::string commands;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string& name = command->get_name();
    commands += "    " + quoted(name + ":" + command->get_description()) + "\n";
    cases += "    " + name + ") _arguments";
    for (const auto& flag : all_flags_of(*command)) {
      cases += " \\\n      " + zsh_spec(flag);
    }
    cases += is_group(*command) ? " \\\n      '1:command:(" + command_names(*command) + ")'" : "";
    cases += name == "completion" ? " \\\n      '1:shell:(bash zsh fish)' ;;\n"
                                  : " \\\n      '*:argument:_files' ;;\n";
  }
  std::string main;
  for (const auto& flag : flags_of(app)) {
    main += zsh_spec(flag) + " \\\n    ";
  }
  return R"(#compdef ringcast
_ringcast() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands
  commands=(
)" + commands +
         R"(  )
  _arguments -C \
    )" + main +
         R"('1: :->command' '*:: :->rest'
  if [[ $state == command ]]; then
    _describe command commands
    return
  fi
  case $line[1] in
)" + cases +
         R"(  esac
}
if [[ $funcstack[1] == _ringcast ]]; then
  _ringcast "$@"
else
  compdef _ringcast ringcast
fi
)";
}

std::string fish_flags(const CLI::App& command, const std::string& condition) {
  std::string lines;
  for (const auto& flag : flags_of(command)) {
    lines += "complete -c ringcast -n " + quoted(condition);
    lines += flag.short_name.empty() ? "" : " -s " + flag.short_name;
    lines += flag.long_name.empty() ? "" : " -l " + flag.long_name;
    lines += flag.takes_value ? " -r" : "";
    lines += " -d " + quoted(flag.description) + "\n";
  }
  return lines;
}

// The commands within another one.
std::string fish_group(const CLI::App& group, const std::string& seen) {
  const std::string none = seen + "; and not __fish_seen_subcommand_from " + command_names(group);
  std::string lines;
  for (const CLI::App* command : group.get_subcommands({})) {
    lines.append("complete -c ringcast -f -n ").append(quoted(none));
    lines.append(" -a ").append(command->get_name()).append(" -d ");
    lines.append(quoted(command->get_description())).append("\n");
    std::string chosen = seen;
    chosen.append("; and __fish_seen_subcommand_from ").append(command->get_name());
    lines += fish_flags(*command, chosen);
  }
  return lines;
}

std::string fish_script(const CLI::App& app) {
  const std::string none = "not __fish_seen_subcommand_from " + command_names(app);
  std::string lines = fish_flags(app, none);
  for (const CLI::App* command : app.get_subcommands({})) {
    lines += "complete -c ringcast -f -n " + quoted(none) + " -a " + command->get_name() + " -d " +
             quoted(command->get_description()) + "\n";
    const std::string seen = "__fish_seen_subcommand_from " + command->get_name();
    lines += fish_flags(*command, seen);
    lines += fish_group(*command, seen);
  }
  return lines +
         "complete -c ringcast -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
}

}  // namespace

Result<std::string> completion_script(const CLI::App& app, std::string_view shell) {
  if (shell == "bash") {
    return bash_script(app);
  }
  if (shell == "zsh") {
    return zsh_script(app);
  }
  if (shell == "fish") {
    return fish_script(app);
  }
  return fail(Errc::kInvalid,
              "no completion for '" + std::string(shell) + "': bash, zsh and fish are known");
}

}  // namespace ringcast::cli
