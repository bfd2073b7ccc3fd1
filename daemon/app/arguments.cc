#include "app/arguments.h"

#include <CLI/CLI.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "app/credentials.h"
#include "base/text.h"

namespace ringcast::app {

namespace {

constexpr std::string_view kHelp = R"(Usage: ringcastd [options]

Publishes and streams Server-Sent Events.

  --config FILE      Read this configuration file; it must exist.
  --set KEY=VALUE    Set one key, as in limits.body=2MiB. The value is YAML.
                     May be repeated.
  --listen ADDRESS   Listen here instead of where the configuration says:
                     127.0.0.1:8080, [::1]:8080 or unix:/path. May be repeated.
  --check-config     Say what is wrong with the configuration, and exit.
  --print-config     Print the effective configuration as YAML, and exit.
  --version          Print the version, and exit.
  --help             Print this text, and exit.

Without --config, the file is the one that RINGCAST_CONFIG names, else
/etc/ringcast/ringcast.yaml if it exists. Each key is also a variable, as in
RINGCAST_LIMITS_BODY=2MiB, or the name of a file that has the value, as in
RINGCAST_AUTH_TOKENS_FILE=/run/secrets/tokens. The file is weakest, then
variables, then flags.

Examples:
  ringcastd
  ringcastd --listen 127.0.0.1:9000 --set log.level=debug
  ringcastd --config ringcast.yaml --check-config
)";

constexpr std::array<std::string_view, 7> kOptions = {
    "--config", "--set", "--listen", "--check-config", "--print-config", "--version", "--help"};
constexpr size_t kFileLimit = 1 << 20;

struct CloseFile {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): this is what owns it.
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

// What CLI11 finds wrong, in our words.
std::string explain(const CLI::ParseError& error, const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining();
  if (unknown.empty()) {
    const std::string what = error.what();
    return what.ends_with(" missing") ? what.substr(0, what.find(':')) + " needs a value" : what;
  }
  const std::string& word = unknown.front();
  if (!word.starts_with('-')) {
    return "unexpected argument " + word;
  }
  const std::string near = nearest(word.substr(0, word.find('=')), kOptions);
  return "unknown option " + word + (near.empty() ? "" : "; did you mean " + near + "?");
}

Failure refuse_file(const std::string& name, int error) {
  return fail(Errc::kInvalid, name + ": " + std::strerror(error));
}

Result<std::string> read_file(const std::string& name) {
  const OpenFile file(std::fopen(name.c_str(), "rbe"));
  if (!file) {
    return refuse_file(name, errno);
  }
  std::string text;
  std::array<char, 16384> buffer{};
  while (const size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), size);
    if (text.size() > kFileLimit) {
      return fail(Errc::kInvalid, name + ": larger than 1 MiB");
    }
  }
  if (std::ferror(file.get()) != 0) {
    return refuse_file(name, errno);  // Also a directory: it opens, but does not read.
  }
  return text;
}

}  // namespace

Result<std::variant<Arguments, Answer>> parse_arguments(int argc, const char* const* argv) {
  using Outcome = std::variant<Arguments, Answer>;
  Arguments arguments;
  bool wants_version = false;
  CLI::App app;
  app.set_help_flag("--help,-h");
  app.allow_extras();  // So that we name them.
  auto* file = app.add_option("--config", arguments.config_file);
  // One value for each flag: CLI11 would otherwise take all words up to the next flag.
  app.add_option("--set", arguments.set)->allow_extra_args(false);
  app.add_option("--listen", arguments.listen)->allow_extra_args(false);
  app.add_flag("--check-config", arguments.check_config);
  app.add_flag("--print-config", arguments.print_config);
  app.add_flag("--version", wants_version);
  const auto refuse = [&](const std::string& why) {
    return fail(Errc::kInvalid, why + " (see ringcastd --help)");
  };
  try {
    app.parse(argc, argv);
    if (!app.remaining().empty()) {
      return refuse(explain(CLI::ExtrasError(app.remaining()), app));
    }
  } catch (const CLI::CallForHelp&) {
    return Outcome(Answer{std::string(kHelp)});
  } catch (const CLI::ParseError& error) {
    return refuse(explain(error, app));
  }
  if (wants_version) {
    return Outcome(Answer{"ringcastd " RINGCAST_VERSION "\n"});
  }
  arguments.config_file_given = file->count() > 0;
  return Outcome(std::move(arguments));
}

std::map<std::string, std::string> ringcast_variables(const char* const* environment) {
  std::map<std::string, std::string> variables;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const size_t equals = entry.find('=');
    const bool is_ours =
        entry.starts_with("RINGCAST_") || entry.starts_with("CREDENTIALS_DIRECTORY=");
    if (is_ours && equals != std::string_view::npos) {
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return variables;
}

Result<std::string> find_config_file(const Arguments& arguments,
                                     const std::map<std::string, std::string>& environment) {
  if (arguments.config_file_given) {
    return arguments.config_file;
  }
  const auto variable = environment.find("RINGCAST_CONFIG");
  if (variable != environment.end() && !variable->second.empty()) {
    return variable->second;
  }
  struct stat status {};
  if (stat(arguments.config_file.c_str(), &status) == 0) {
    return arguments.config_file;
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return std::string();
  }
  return refuse_file(arguments.config_file, errno);
}

namespace {

// RINGCAST_KEY_FILE names a file with the value of RINGCAST_KEY, as containers are given secrets.
Status read_variable_files(config::Sources& sources) {
  constexpr std::string_view kSuffix = "_FILE";
  std::map<std::string, std::string>& variables = sources.environment;
  for (auto next = variables.begin(); next != variables.end();) {
    const auto variable = next++;
    const auto& [name, path] = *variable;
    const std::string stem = name.substr(0, name.size() - std::min(name.size(), kSuffix.size()));
    if (!name.ends_with(kSuffix) || config::is_variable(name) || !config::is_variable(stem)) {
      continue;
    }
    if (variables.contains(stem)) {
      std::string both = name;
      both.append(" and ").append(stem).append(" are both set");
      return fail(Errc::kInvalid, std::move(both));
    }
    auto text = read_file(path);
    if (!text) {
      return fail(Errc::kInvalid, name + ": " + text.error().detail);
    }
    while (text->ends_with('\n') || text->ends_with('\r')) {
      text->pop_back();
    }
    sources.variable_files.emplace(stem, path);
    variables.erase(variable);
    variables.emplace(stem, *std::move(text));
  }
  return Ok{};
}

}  // namespace

Result<config::Loaded> load_configuration(const Arguments& arguments,
                                          const std::map<std::string, std::string>& environment) {
  auto name = find_config_file(arguments, environment);
  if (!name) {
    return std::move(name).failure();
  }
  config::Sources sources{.file_name = *name,
                          .file_text = {},
                          .environment = environment,
                          .set = arguments.set,
                          .listen = arguments.listen};
  if (!name->empty()) {
    auto text = read_file(*name);
    if (!text) {
      return std::move(text).failure();
    }
    sources.file_text = *std::move(text);
  }
  if (Status status = read_variable_files(sources); !status) {
    return std::move(status).failure();
  }
  auto loaded = config::load(sources);
  if (const auto found = environment.find("CREDENTIALS_DIRECTORY");
      loaded && found != environment.end()) {
    resolve_credentials(loaded->config, found->second);
  }
  return loaded;
}

}  // namespace ringcast::app
