#include "cli/token.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/base64url.h"
#include "auth/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/messages.h"

namespace ringcast::cli {
namespace {

constexpr size_t kRandomBytes = 32;
constexpr size_t kNameDigits = 8;

// Begins with what scanners for leaked secrets, and people, can recognise.
std::optional<std::string> new_token() {
  std::array<char, kRandomBytes> random{};
  // Up to 256 bytes come whole, once the system has them (getrandom(2)).
  while (getrandom(random.data(), random.size(), 0) != ssize_t{kRandomBytes}) {
    if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return "rc_" + auth::encode_base64url({random.data(), random.size()});
}

std::string list_of(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (const std::string& text : texts) {
    out.append(out.empty() ? "" : separator).append(json::quoted(text));
  }
  return "[" + out + "]";
}

// JSON strings are YAML, too, whatever is in them.
std::string yaml_of(const TokenOptions& options, const std::string& name,
                    const std::string& digest) {
  return "- {name: " + json::quoted(name) + ", sha256: \"" + digest +
         "\",\n   publish: " + list_of(options.publish, ", ") +
         ", subscribe: " + list_of(options.subscribe, ", ") +
         ", admin: " + list_of(options.admin, ", ") + "}\n";
}

std::string json_of(const TokenOptions& options, const std::string& name, const std::string& digest,
                    const std::string& token) {
  return "{\"token\":" + json::quoted(token) + ",\"name\":" + json::quoted(name) +
         ",\"sha256\":\"" + digest + "\",\"publish\":" + list_of(options.publish, ",") +
         ",\"subscribe\":" + list_of(options.subscribe, ",") +
         ",\"admin\":" + list_of(options.admin, ",") + "}\n";
}

}  // namespace

ExitCode make_token(const TokenOptions& options, Output& output) {
  if (!is_utf8(options.name)) {
    complain("--name must be UTF-8");
    return ExitCode::kUsage;
  }
  const auto token = new_token();
  if (!token) {
    complain("the system gives no random bytes");
    return ExitCode::kRefused;
  }
  const std::string digest = auth::hex(auth::sha256(*token));
  const std::string name =
      options.name.empty() ? "token-" + digest.substr(0, kNameDigits) : options.name;
  if (options.publish.empty() && options.subscribe.empty() && options.admin.empty()) {
    complain("this token allows nothing: --publish, --subscribe and --admin say what it may do");
  }
  if (options.json) {
    output.write(json_of(options, name, digest, *token));
  } else {
    output.write(*token + "\n\n# The broker needs this below auth.tokens:\n" +
                 yaml_of(options, name, digest));
  }
  return output.exit_code();
}

}  // namespace ringcast::cli
