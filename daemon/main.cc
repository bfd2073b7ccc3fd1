#include <unistd.h>

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
#include "app/daemon.h"
#include "app/logging.h"
#include "app/tls_renewal.h"
#include "app/webhook_sender.h"

namespace {

constexpr int kUsageError = 2;

int fail_start(const std::string& why) {
  std::fprintf(stderr, "ringcastd: %s\n", why.c_str());
  return kUsageError;
}

int serve(const ringcast::app::Arguments& arguments,
          const std::map<std::string, std::string>& variables, ringcast::config::Loaded loaded) {
  std::vector<std::string> notes;
  std::vector<ringcast::server::ServedListener> listeners;
  for (const ringcast::config::Listen& listen : loaded.config.listen) {
    auto identity = ringcast::app::load_identity(listen.tls, notes);
    if (!identity) {
      return fail_start(identity.error().detail);
    }
    auto listener = ringcast::net::Listener::open(listen.address);
    if (!listener) {
      return fail_start(listener.error().detail);
    }
    listeners.push_back({std::move(*listener),
                         {.is_local = listen.address.is_local(),
                          .is_unix = !listen.address.unix_path.empty(),
                          .serves_public = listen.serves_public,
                          .serves_admin = listen.serves_admin,
                          .tls = identity->get()},
                         std::move(*identity)});
  }
  auto access = ringcast::app::read_access(loaded.config.auth, notes);
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
                               std::move(listeners), std::move(*journal), log_output, [&] {
                                 return ringcast::app::load_configuration(arguments, variables);
                               });
  return daemon.run() ? 0 : kUsageError;
}

// Reads also the files that the configuration names, as a start would.
int check(const ringcast::config::Loaded& loaded) {
  std::vector<std::string> notes = loaded.warnings;
  for (const ringcast::config::Listen& listen : loaded.config.listen) {
    if (auto identity = ringcast::app::load_identity(listen.tls, notes); !identity) {
      return fail_start(identity.error().detail);
    }
  }
  if (auto access = ringcast::app::read_access(loaded.config.auth, notes); !access) {
    return fail_start(access.error().detail);
  }
  if (auto webhooks = ringcast::app::read_webhooks(loaded.config.webhooks); !webhooks) {
    return fail_start(webhooks.error().detail);
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
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // Out of memory or threads.
    std::fputs(error.what(), stderr);
    return 1;
  }
}
