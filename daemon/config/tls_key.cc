#include "config/tls_key.h"

#include <array>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 3> kTlsKeys = {"certificate", "key", "minimum"};

Failure fail_unknown(const Where& where, std::string_view path, std::string_view name) {
  const std::string near = nearest(name, kTlsKeys);
  return fail_at(where, path,
                 "unknown key " + json::quoted(name) +
                     (near.empty() ? "; known here: certificate, key, minimum"
                                   : "; did you mean " + near + "?"));
}

Result<std::string> read_file_name(const Node& value, std::string_view path) {
  if (value.kind != Node::Kind::kScalar || value.scalar.empty()) {
    return fail_at(value.where, path, "must be the name of a file, not " + found(value));
  }
  return value.scalar;
}

Result<net::TlsOptions::Version> read_minimum(const Node& value, std::string_view path) {
  const bool is_scalar = value.kind == Node::Kind::kScalar;
  if (is_scalar && value.scalar == "1.2") {
    return net::TlsOptions::Version::k12;
  }
  if (is_scalar && value.scalar == "1.3") {
    return net::TlsOptions::Version::k13;
  }
  return fail_at(value.where, path, "must be \"1.2\" or \"1.3\", not " + found(value));
}

}  // namespace

Result<net::TlsOptions> read_tls(const Node& map, std::string_view path) {
  if (map.kind != Node::Kind::kMap) {
    return fail_at(map.where, path, "must be {certificate: FILE, key: FILE}, not " + found(map));
  }
  net::TlsOptions tls;
  for (const auto& [name, where, value] : map.entries) {
    const std::string value_path = std::string(path).append(".").append(name);
    if (name == "minimum") {
      const auto minimum = read_minimum(*value, value_path);
      if (!minimum) {
        return fail(minimum.error().code, minimum.error().detail);
      }
      tls.minimum = *minimum;
      continue;
    }
    if (name != "certificate" && name != "key") {
      return fail_unknown(where, path, name);
    }
    auto file = read_file_name(*value, value_path);
    if (!file) {
      return std::move(file).failure();
    }
    (name == "key" ? tls.key : tls.certificate) = *std::move(file);
  }
  if (tls.certificate.empty() || tls.key.empty()) {
    return fail_at(map.where, path,
                   tls.certificate.empty() ? "needs the certificate" : "needs the key");
  }
  return tls;
}

std::string print_tls(const std::optional<net::TlsOptions>& tls) {
  if (!tls) {
    return {};
  }
  std::string out = ", tls: {certificate: " + json::quoted(tls->certificate);
  out += ", key: " + json::quoted(tls->key) + ", minimum: ";
  out += tls->minimum == net::TlsOptions::Version::k13 ? "\"1.3\"}" : "\"1.2\"}";
  return out;
}

}  // namespace ringcast::config
