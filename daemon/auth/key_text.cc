#include "auth/key_text.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/text.h"

namespace ringcast::auth {

namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::array<std::string_view, 4> kSshStarts = {"ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-",
                                                        "sk-"};

// Nobody is there to type a passphrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) noexcept {
  return -1;
}

std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

std::shared_ptr<EVP_PKEY> read_pem(std::string_view text) {
  BIO* bio = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  ERR_set_mark();
  EVP_PKEY* key =
      bio == nullptr ? nullptr : PEM_read_bio_PUBKEY(bio, nullptr, no_passphrase, nullptr);
  ERR_pop_to_mark();
  BIO_free(bio);
  return key == nullptr ? nullptr : owned(key);
}

bool is_der(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  ERR_set_mark();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &bytes, static_cast<long>(text.size()));
  ERR_pop_to_mark();
  const bool is_key = key != nullptr;
  EVP_PKEY_free(key);
  return is_key;
}

// The body of a PEM without its frame.
bool is_bare_pem(std::string_view text) {
  std::string decoded(text.size(), '\0');
  std::string compact;
  std::copy_if(text.begin(), text.end(), std::back_inserter(compact),
               [](char c) { return c != '\n' && c != '\r'; });
  if (compact.size() % 4 != 0) {
    return false;
  }
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(compact.data()),
                                   static_cast<int>(compact.size()));
  // d2i takes what it needs and leaves the zeros that padding became.
  return size > 0 && is_der(std::string_view(decoded).substr(0, static_cast<size_t>(size)));
}

Result<JwtKey> parse_pem(std::string_view text) {
  const size_t begin = text.find(kBegin);
  const std::string_view label = text.substr(begin + kBegin.size());
  const std::string_view name = label.substr(0, label.find("-----"));
  if (name.find("PRIVATE") != std::string_view::npos) {
    return fail(
        Errc::kInvalid,
        "a private key: only its public part belongs here (openssl pkey -in key.pem -pubout)");
  }
  if (name.find("CERTIFICATE") != std::string_view::npos) {
    return fail(Errc::kInvalid,
                "a certificate: take its key out (openssl x509 -in cert.pem -noout -pubkey)");
  }
  if (label.find(kBegin) != std::string_view::npos) {
    return fail(Errc::kInvalid,
                "more than one PEM block: several keys go into a JWKS, see auth.jwt.jwks");
  }
  auto key = read_pem(text.substr(begin));
  return key ? JwtKey::of_public(std::move(key))
             : fail(Errc::kInvalid, "not a PEM public key that can be read");
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view without_line_end(std::string_view text) {
  std::string_view line = text;
  if (line.ends_with('\n')) {
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
  }
  return is_printable(line) ? line : text;
}

}  // namespace

Result<JwtKey> parse_key_text(std::string_view text) {
  if (text.find(kBegin) != std::string_view::npos) {
    return parse_pem(text);
  }
  const std::string_view start = trim(text);
  const auto begins = [&](std::string_view with) { return start.starts_with(with); };
  if (std::any_of(kSshStarts.begin(), kSshStarts.end(), begins)) {
    return fail(Errc::kInvalid,
                "an SSH public key: write it as PEM (ssh-keygen -e -m PKCS8 -f key.pub)");
  }
  if (start.starts_with('{')) {
    return fail(Errc::kInvalid, "JSON: a JWKS goes into auth.jwt.jwks");
  }
  if (is_der(text) || is_bare_pem(start)) {
    return fail(
        Errc::kInvalid,
        "a public key without PEM lines: write it as PEM (openssl pkey -pubin -inform DER)");
  }
  return JwtKey::of_secret(without_line_end(text));
}

}  // namespace ringcast::auth
