#include "auth/jwk_set.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "auth/base64url.h"
#include "base/json.h"

namespace ringcast::auth {

namespace {

// A token without `kid` is tried with each of them.
constexpr size_t kMaxKeys = 100;

constexpr std::array<std::string_view, 10> kMembers = {"kty", "kid", "alg", "use", "crv",
                                                       "x",   "y",   "n",   "e",   "k"};

struct Jwk {
  std::map<std::string, std::string, std::less<>> members;
  std::optional<bool> can_verify;  // Nothing: no key_ops.
};

Failure invalid(std::string what) {
  return fail(Errc::kInvalid, std::move(what));
}

Status read_operations(json::Value& value, Jwk& jwk) {
  jwk.can_verify = false;
  return value.each_element([&](json::Value& element) -> Status {
    auto name = element.string();
    if (!name) {
      return std::move(name).failure();
    }
    jwk.can_verify = *jwk.can_verify || *name == "verify";
    return Ok{};
  });
}

Status read_member(std::string_view name, json::Value& value, Jwk& jwk) {
  if (name == "key_ops") {
    return read_operations(value, jwk);
  }
  if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
    return Ok{};
  }
  auto text = value.string();
  if (!text) {
    return std::move(text).failure();
  }
  jwk.members.emplace(name, *text);
  return Ok{};
}

Result<Jwk> read_jwk(json::Value& value) {
  Jwk jwk;
  std::set<std::string, std::less<>> names;
  Status status = value.each_field([&](std::string_view name, json::Value& member) -> Status {
    if (!names.emplace(name).second) {
      return invalid("the name " + json::quoted(name) + " is there twice");
    }
    Status read = read_member(name, member, jwk);
    return read ? std::move(read) : invalid(std::string(name) + ": " + read.error().detail);
  });
  return status ? Result<Jwk>(std::move(jwk)) : std::move(status).failure();
}

Result<std::string> decoded_member(const Jwk& jwk, std::string_view name) {
  const auto member = jwk.members.find(name);
  if (member == jwk.members.end()) {
    return invalid("has no " + std::string(name));
  }
  auto bytes = decode_base64url(member->second);
  return bytes && !bytes->empty()
             ? Result<std::string>(*std::move(bytes))
             : invalid(std::string(name) + " is not base64url without padding");
}

struct BuilderDeleter {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
using Builder = std::unique_ptr<OSSL_PARAM_BLD, BuilderDeleter>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

Number number_of(const std::string& bytes) {
  return {BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()), nullptr),
          BN_free};
}

Result<JwtKey> build(const char* type, OSSL_PARAM_BLD* builder) {
  ERR_set_mark();
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr);
  EVP_PKEY* key = nullptr;
  const bool is_built = parameters != nullptr && context != nullptr &&
                        EVP_PKEY_fromdata_init(context) == 1 &&
                        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  ERR_pop_to_mark();
  std::shared_ptr<EVP_PKEY> owned(key, EVP_PKEY_free);
  return is_built ? JwtKey::of_public(std::move(owned))
                  : invalid("the numbers of this key do not make a key");
}

Result<JwtKey> rsa_of(const Jwk& jwk) {
  auto modulus = decoded_member(jwk, "n");
  if (!modulus) {
    return std::move(modulus).failure();
  }
  auto exponent = decoded_member(jwk, "e");
  if (!exponent) {
    return std::move(exponent).failure();
  }
  const Number n = number_of(*modulus);
  const Number e = number_of(*exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return invalid("the numbers of this key do not make a key");
  }
  return build("RSA", builder.get());
}

struct Curve {
  std::string_view name;
  const char* group;
  size_t bytes;  // Of a coordinate.
};
constexpr std::array<Curve, 3> kCurves = {
    {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

Result<JwtKey> ec_of(const Jwk& jwk, std::string_view curve_name) {
  const auto curve = std::find_if(kCurves.begin(), kCurves.end(),
                                  [&](const Curve& each) { return each.name == curve_name; });
  if (curve == kCurves.end()) {
    return invalid("crv " + json::quoted(curve_name) + " is not known: P-256, P-384 and P-521 are");
  }
  std::string point = "\x04";  // Not compressed.
  for (const char* name : {"x", "y"}) {
    auto coordinate = decoded_member(jwk, name);
    if (!coordinate) {
      return std::move(coordinate).failure();
    }
    // RFC 7518 section 6.2.1.2: with all leading zeros.
    if (coordinate->size() != curve->bytes) {
      return invalid(std::string(name) + " must have " + std::to_string(curve->bytes) + " bytes");
    }
    point += *coordinate;
  }
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return invalid("the numbers of this key do not make a key");
  }
  return build("EC", builder.get());
}

Result<JwtKey> okp_of(const Jwk& jwk, std::string_view curve) {
  if (curve != "Ed25519") {
    return invalid("crv " + json::quoted(curve) + " is not known: Ed25519 is");
  }
  auto point = decoded_member(jwk, "x");
  if (!point) {
    return std::move(point).failure();
  }
  const std::vector<unsigned char> bytes(point->begin(), point->end());
  ERR_set_mark();
  std::shared_ptr<EVP_PKEY> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()),
      EVP_PKEY_free);
  ERR_pop_to_mark();
  return key ? JwtKey::of_public(std::move(key)) : invalid("x must have 32 bytes");
}

std::string member_of(const Jwk& jwk, std::string_view name) {
  const auto member = jwk.members.find(name);
  return member == jwk.members.end() ? std::string() : member->second;
}

Result<JwtKey> material_of(const Jwk& jwk) {
  const std::string type = member_of(jwk, "kty");
  if (type == "RSA") {
    return rsa_of(jwk);
  }
  if (type == "EC") {
    return ec_of(jwk, member_of(jwk, "crv"));
  }
  if (type == "OKP") {
    return okp_of(jwk, member_of(jwk, "crv"));
  }
  if (type == "oct") {
    auto secret = decoded_member(jwk, "k");
    return secret ? JwtKey::of_secret(*secret) : std::move(secret).failure();
  }
  return invalid("kty " + json::quoted(type) + " is not known: RSA, EC, OKP and oct are");
}

Result<JwtKey> key_of(const Jwk& jwk) {
  if (const std::string use = member_of(jwk, "use"); !use.empty() && use != "sig") {
    return invalid("is not for signatures: use " + json::quoted(use));
  }
  if (!jwk.can_verify.value_or(true)) {
    return invalid("is not for signatures: key_ops without verify");
  }
  std::optional<Algorithm> algorithm;
  if (const std::string name = member_of(jwk, "alg"); !name.empty()) {
    algorithm = algorithm_named(name);
    if (!algorithm) {
      return invalid("alg " + json::quoted(name) + " is no algorithm that we know");
    }
  }
  auto key = material_of(jwk);
  if (!key) {
    return key;
  }
  if (algorithm && !key->serves(*algorithm)) {
    return invalid(key->description() + " cannot serve its alg " +
                   std::string(name_of(*algorithm)));
  }
  const auto id = jwk.members.find("kid");
  return key->in_set(id == jwk.members.end() ? std::nullopt : std::optional(id->second), algorithm);
}

Status read_keys(json::Value& value, JwkSet& set) {
  size_t index = 0;
  return value.each_element([&](json::Value& element) -> Status {
    const std::string place = "keys[" + std::to_string(index++) + "]";
    if (index > kMaxKeys) {
      return invalid("more than " + std::to_string(kMaxKeys) + " keys");
    }
    auto jwk = read_jwk(element);
    if (!jwk) {
      return invalid(place + ": " + jwk.error().detail);
    }
    auto key = key_of(*jwk);
    if (key) {
      set.keys.push_back(*std::move(key));
      return Ok{};
    }
    const auto id = jwk->members.find("kid");
    const std::string name = id == jwk->members.end() ? "" : " " + json::quoted(id->second);
    set.skipped.push_back(place + name + ": " + key.error().detail);
    return Ok{};
  });
}

}  // namespace

Result<JwkSet> parse_jwk_set(std::string_view text) {
  JwkSet set;
  bool has_keys = false;
  json::Reader reader;
  Status status = reader.read(text, [&](json::Value& root) {
    return root.each_field([&](std::string_view name, json::Value& value) -> Status {
      if (name != "keys") {
        return Ok{};
      }
      if (std::exchange(has_keys, true)) {
        return invalid("the name \"keys\" is there twice");
      }
      return read_keys(value, set);
    });
  });
  if (!status) {
    return invalid("not a JWKS: " + status.error().detail);
  }
  if (!has_keys) {
    return invalid("not a JWKS: it has no \"keys\"");
  }
  return set;
}

}  // namespace ringcast::auth
