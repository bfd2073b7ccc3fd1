#pragma once

#include <string>

namespace ringcast::net {

// What a listener shows its clients when it speaks TLS.
struct TlsOptions {
  enum class Version { k12, k13 };
  std::string certificate;  // A PEM file: the certificate, then those between it and its root.
  std::string key;          // A PEM file.
  Version minimum = Version::k12;
  bool operator==(const TlsOptions&) const = default;
};

}  // namespace ringcast::net
