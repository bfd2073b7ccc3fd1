#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "app/arguments.h"
#include "app/auth_keys.h"
#include "app/credentials.h"
#include "app/daemon.h"
#include "app/listeners.h"
#include "app/logging.h"
#include "app/system.h"
#include "app/system_journal.h"
#include "app/systemd.h"
#include "app/tls_renewal.h"
#include "app/webhook_sender.h"

namespace {

constexpr int kUsageError = 2;

int fail_start(const std::string& why) {
  // The journal of the system takes the level from the line (sd-daemon(3)).
  const char* level = ringcast::app::is_system_journal(STDERR_FILENO) ? "<3>" : "";
  std::fprintf(stderr, "%sringcastd: %s\n", level, why.c_str());
  return kUsageError;
}

int serve(const ringcast::app::Arguments& arguments,
          const std::map<std::string, std::string>& variables, ringcast::config::Loaded loaded) {
  if (auto there = ringcast::app::check_credentials(loaded.config); !there) {
    return fail_start(there.error().detail);
  }
  auto passed = ringcast::app::take_passed_sockets();
  if (!passed) {
    return fail_start(passed.error().detail);
  }
  std::vector<std::string> notes;
  auto listeners = ringcast::app::open_listeners(loaded.config, std::move(*passed), notes);
  if (!listeners) {
    return fail_start(listeners.error().detail);
  }
  auto access = ringcast::app::read_access(loaded.config, notes);
  if (!access) {
    return fail_start(access.error().detail);
  }
  auto webhooks = ringcast::app::read_webhooks(loaded.config.webhooks);
  if (!webhooks) {
    return fail_start(webhooks.error().detail);
  }
  // After the listeners: a port that is taken must not look like a crash to it.
  auto journal = ringcast::app::open_journal(loaded.config.journal, notes);
  if (!journal) {
    return fail_start(journal.error().detail);
  }
  ringcast::app::LogOutput log_output(stderr, loaded.config.log);
  notes.insert(notes.end(), loaded.warnings.begin(), loaded.warnings.end());
  for (const std::string& note : notes) {
    log_output.log()({ringcast::LogLevel::kWarn, note, {}});
  }
  ringcast::app::Daemon daemon(std::move(loaded.config), std::move(*access), std::move(*webhooks),
                               std::move(*listeners), std::move(*journal), log_output, [&] {
                                 return ringcast::app::load_configuration(arguments, variables);
                               });
  return daemon.run() ? 0 : kUsageError;
}

// Reads also the files that the configuration names, as a start would, as far as they are there.
int check(const ringcast::config::Loaded& loaded) {
  std::vector<std::string> notes = loaded.warnings;
  const std::vector<std::string> credentials = ringcast::app::unresolved_credentials(loaded.config);
  for (const std::string& key : credentials) {
    notes.push_back(key + " is not checked: credentials are there only in the service");
  }
  const auto is_known = [&](const std::string& section) {
    return std::none_of(credentials.begin(), credentials.end(),
                        [&](const std::string& key) { return key.starts_with(section); });
  };
  for (size_t i = 0; i < loaded.config.listen.size(); ++i) {
    if (!is_known("listen[" + std::to_string(i) + "]")) {
      continue;
    }
    auto identity = ringcast::app::load_identity(loaded.config.listen, i, notes);
    if (!identity) {
      return fail_start(identity.error().detail);
    }
  }
  if (is_known("auth.") && is_known("mercure.")) {
    if (auto access = ringcast::app::read_access(loaded.config, notes); !access) {
      return fail_start(access.error().detail);
    }
  }
  if (is_known("webhooks[")) {
    if (auto webhooks = ringcast::app::read_webhooks(loaded.config.webhooks); !webhooks) {
      return fail_start(webhooks.error().detail);
    }
  }
  if (auto journal = ringcast::app::check_journal(loaded.config.journal); !journal) {
    return fail_start(journal.error().detail);
  }
  for (const std::string& note : notes) {
    std::fprintf(stderr, "ringcastd: %s\n", note.c_str());
  }
  std::puts("the configuration is good");
  return 0;
}

int run(int argc, char** argv) {
  auto parsed = ringcast::app::parse_arguments(argc, argv);
  if (!parsed) {
    return fail_start(parsed.error().detail);
  }
  if (const auto* answer = std::get_if<ringcast::app::Answer>(&*parsed)) {
    std::fputs(answer->text.c_str(), stdout);
    return 0;
  }
  const auto& arguments = std::get<ringcast::app::Arguments>(*parsed);
  const auto variables = ringcast::app::ringcast_variables(environ);
  auto loaded = ringcast::app::load_configuration(arguments, variables);
  if (!loaded) {
    return fail_start(loaded.error().detail);
  }
  if (arguments.print_config) {
    std::fputs(ringcast::config::print(loaded->config).c_str(), stdout);
    return 0;
  }
  if (arguments.check_config) {
    return check(*loaded);
  }
  return serve(arguments, variables, std::move(*loaded));
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);  // Until it means reload: a start must not end by it.
  ringcast::app::share_heap();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // Out of memory or threads.
    std::fputs(error.what(), stderr);
    return 1;
  }
}
