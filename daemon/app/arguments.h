#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace ringcast::app {

inline constexpr const char* kDefaultConfigFile = "/etc/ringcast/ringcast.yaml";

// The command line of ringcastd.
struct Arguments {
  std::string config_file = kDefaultConfigFile;
  bool config_file_given = false;   // If not, the file may be missing.
  std::vector<std::string> set;     // "path.to.key=value"
  std::vector<std::string> listen;  // Replaces the listeners of the configuration.
  bool check_config = false;        // Say whether the configuration is good, and exit.
  bool print_config = false;        // Print the effective configuration, and exit.
};

// --help or --version was asked for: print the text on stdout and exit 0.
struct Answer {
  std::string text;
};

// Reads the command line. kInvalid (exit 2) is one line that names what was wrong.
Result<std::variant<Arguments, Answer>> parse_arguments(int argc, const char* const* argv);

// The variables that begin with RINGCAST_, and CREDENTIALS_DIRECTORY. `environment` is like
// environ(7).
std::map<std::string, std::string> ringcast_variables(const char* const* environment);

// The file that is read: --config, else RINGCAST_CONFIG, else the default one if it exists; empty
// if there is none.
Result<std::string> find_config_file(const Arguments& arguments,
                                     const std::map<std::string, std::string>& environment);

// Reads the file and puts all sources together, at the start and again on SIGHUP, with the names of
// credentials (credentials.h) where systemd has said where they are. Reads from disk,
// so never on a loop's thread once loops run. The detail of an error goes behind "ringcastd: ".
Result<config::Loaded> load_configuration(const Arguments& arguments,
                                          const std::map<std::string, std::string>& environment);

}  // namespace ringcast::app
