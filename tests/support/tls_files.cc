#include "support/tls_files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace ringcast::test {

namespace {

constexpr long kDay = 86400;

void require(bool done) {
  if (!done) {
    throw std::runtime_error("no certificate for the test");
  }
}

void write_file(const std::string& path, X509* certificate, EVP_PKEY* key) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  require(file != nullptr);
  const int done = certificate != nullptr
                       ? PEM_write_X509(file, certificate)
                       : PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  require(done == 1);
}

}  // namespace

TlsFiles::TlsFiles() {
  std::string name = (std::filesystem::temp_directory_path() / "ringcast-XXXXXX").string();
  require(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
}

TlsFiles::~TlsFiles() {
  std::filesystem::remove_all(folder_);
}

net::TlsOptions TlsFiles::make(const std::string& name) const {
  return make(name, kDay);
}

net::TlsOptions TlsFiles::make_expired(const std::string& name) const {
  return make(name, -kDay);
}

net::TlsOptions TlsFiles::make(const std::string& name, long valid_seconds) const {
  net::TlsOptions files{.certificate = path(name + ".pem"), .key = path(name + ".key")};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  require(key != nullptr && certificate != nullptr);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_seconds);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  require(X509_sign(certificate, key, EVP_sha256()) > 0);
  write_file(files.certificate, certificate, nullptr);
  write_file(files.key, nullptr, key);
  std::filesystem::permissions(
      files.key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

}  // namespace ringcast::test
