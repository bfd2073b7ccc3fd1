#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>
#include <string>
#include <string_view>

#include "auth/base64url.h"

namespace ringcast::client::test {

constexpr const char* kSecret = "a secret of thirty-two characters";

// A JWT (HS256) that may do everything, until so many seconds from now.
inline std::string jwt(long seconds) {
  const std::string claims = R"({"sub":"tester","ringcast":{"publish":["**"],"subscribe":["**"]},)"
                             R"("exp":)" +
                             std::to_string(std::time(nullptr) + seconds) + "}";
  const std::string text =
      auth::encode_base64url(R"({"alg":"HS256"})") + "." + auth::encode_base64url(claims);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), kSecret, static_cast<int>(std::string_view(kSecret).size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return text + "." + auth::encode_base64url({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace ringcast::client::test
