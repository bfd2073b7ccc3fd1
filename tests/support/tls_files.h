#pragma once

#include <filesystem>
#include <string>

#include "net/tls_options.h"

namespace ringcast::test {

// A folder with certificates and keys that are made for the test. Failures throw.
class TlsFiles {
 public:
  TlsFiles();
  TlsFiles(const TlsFiles&) = delete;
  TlsFiles& operator=(const TlsFiles&) = delete;
  ~TlsFiles();

  // Makes NAME.pem, a certificate that signs itself, and NAME.key, and returns their names.
  [[nodiscard]] net::TlsOptions make(const std::string& name) const;
  // The same, but its time is over.
  [[nodiscard]] net::TlsOptions make_expired(const std::string& name) const;
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

 private:
  [[nodiscard]] net::TlsOptions make(const std::string& name, long valid_seconds) const;

  std::filesystem::path folder_;
};

}  // namespace ringcast::test
