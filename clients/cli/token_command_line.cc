#include "cli/token_command_line.h"

#include <string>
#include <string_view>
#include <vector>

#include "auth/grants.h"
#include "topics/name.h"

namespace ringcast::cli {
namespace {

constexpr const char* kTokenFooter = R"(
Examples:
  ringcast token new --name ci --publish 'ci/**'
  ringcast token new --subscribe '**' --json)";

constexpr const char* kNewFooter = R"(
Prints the token, which is shown only here, and the entry for auth.tokens in the broker's
configuration, which knows its SHA-256. Then send the broker a HUP. --json prints {"token","name",
"sha256","publish","subscribe","admin"} in one line; without "token", that is the entry.

Examples:
  ringcast token new --name ci --publish 'ci/**'
  ringcast token new --name ops --subscribe '**' --admin metrics --admin topics
  ringcast token new --subscribe 'orders/*' --json | jq -r .token)";

std::string why_no_pattern(const std::string& text) {
  const auto checked = topics::check_pattern(text);
  return checked ? std::string() : "'" + text + "': " + checked.error().detail;
}

std::string why_no_route(const std::string& text) {
  const auto checked = auth::check_admin_route(text);
  return checked ? std::string() : "'" + text + "': " + checked.error().detail;
}

void add_grants(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                std::string (*check)(const std::string&), const std::string& description,
                const std::string& type) {
  command.add_option(name, target, description + "; can be given more than once")
      ->allow_extra_args(false)
      ->check(check)
      ->type_name(type);
}

}  // namespace

void add_token(CLI::App& app, TokenOptions& options) {
  CLI::App& token = *app.add_subcommand("token", "Make tokens for auth.tokens");
  token.require_subcommand(1);
  token.footer(kTokenFooter);

  CLI::App& made = *token.add_subcommand("new", "Print a new token and its entry");
  made.footer(kNewFooter);
  made.add_option("--name", options.name, "What logs call it; each has its own [token-…]")
      ->type_name("NAME");
  add_grants(made, "--publish", options.publish, why_no_pattern, "It may publish there", "PATTERN");
  add_grants(made, "--subscribe", options.subscribe, why_no_pattern, "It may read there",
             "PATTERN");
  add_grants(made, "--admin", options.admin, why_no_route,
             "It may use metrics, topics, history or delete", "ROUTE");
  made.add_flag("--json", options.json, "Print one JSON object");
}

}  // namespace ringcast::cli
