#include <array>
#include <utility>

#include "auth/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "config/composite_keys.h"
#include "config/grants_value.h"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 2> kNames = {"name", "sha256"};

// The text of a key that has to be there.
Result<std::string> read_text(const Node& map, std::string_view name, const std::string& path,
                              std::string_view what) {
  const Node* value = find_value(map, name);
  if (value == nullptr) {
    return fail_at(map.where, path,
                   "needs " + std::string(name) + ", " + std::string(what) +
                       " (ringcast token new makes an entry)");
  }
  if (value->kind != Node::Kind::kScalar || value->scalar.empty()) {
    return fail_at(value->where, path + "." + std::string(name),
                   "must be " + std::string(what) + ", not " + found(*value));
  }
  return value->scalar;
}

Result<auth::StaticToken> read_token(const Node& map, const std::string& path) {
  if (map.kind != Node::Kind::kMap) {
    return fail_at(map.where, path, "must be a map with name and sha256, not " + found(map));
  }
  auth::StaticToken token;
  if (auto status = read_grants(map, path, kNames, token.grants); !status) {
    return std::move(status).failure();
  }
  auto name = read_text(map, "name", path, "what logs call it");
  if (!name) {
    return std::move(name).failure();
  }
  auto digest = read_text(map, "sha256", path, "the SHA-256 of the token");
  if (!digest) {
    return std::move(digest).failure();
  }
  if (!auth::parse_sha256(*digest)) {
    // Not shown: somebody may have written the token itself here.
    return fail_at(where_of(map, "sha256"), path + ".sha256",
                   "must be the SHA-256 of the token as 64 hex digits");
  }
  token.name = *std::move(name);
  token.sha256 = to_lower(*digest);
  return token;
}

// What must differ from one token to the next.
Status check_unique(const std::vector<auth::StaticToken>& tokens, const auth::StaticToken& token,
                    const Node& map, const std::string& path) {
  for (const auth::StaticToken& other : tokens) {
    if (other.name == token.name) {
      return fail_at(where_of(map, "name"), path + ".name",
                     json::quoted(token.name) + " is there already");
    }
    if (other.sha256 == token.sha256) {
      return fail_at(where_of(map, "sha256"), path + ".sha256",
                     "is the token of " + json::quoted(other.name) + " already");
    }
  }
  return Ok{};
}

}  // namespace

Status read_tokens(const Node& value, std::string_view path, Config& config) {
  if (value.kind != Node::Kind::kSequence && value.kind != Node::Kind::kNull) {
    return fail_at(value.where, path, "must be a list of tokens, not " + found(value));
  }
  std::vector<auth::StaticToken> tokens;
  for (const NodePtr& item : value.items) {
    const std::string name = std::string(path) + "[" + std::to_string(tokens.size()) + "]";
    auto token = read_token(*item, name);
    if (!token) {
      return std::move(token).failure();
    }
    if (auto status = check_unique(tokens, *token, *item, name); !status) {
      return status;
    }
    tokens.push_back(*std::move(token));
  }
  config.auth.tokens = std::move(tokens);
  return Ok{};
}

std::string print_tokens(const Config& config) {
  std::string out;
  for (const auth::StaticToken& token : config.auth.tokens) {
    out.append("\n    - {name: ").append(json::quoted(token.name));
    out.append(", sha256: ").append(json::quoted(token.sha256)).append(",\n       ");
    out.append(print_grants(token.grants)).append("}");
  }
  return out.empty() ? " []" : out;
}

}  // namespace ringcast::config
