#include <doctest/doctest.h>

#include <string>

#include "webhooks/signature.h"

namespace ringcast::webhooks::webhooks_signature_test {
namespace {

// What the libraries of Standard Webhooks test themselves with.
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr int64_t kTime = 1614265330;
constexpr const char* kBody = R"({"test": 2432232314})";
constexpr const char* kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string secret_of(size_t groups_of_three) {
  std::string secret = "whsec_";
  for (size_t group = 0; group < groups_of_three; ++group) {
    secret += "AAAA";
  }
  return secret;
}

std::string error_of(const std::string& text) {
  const auto keys = parse_secrets(text);
  return keys ? "" : keys.error().detail;
}

TEST_CASE("webhooks: the published vector of Standard Webhooks is signed as it should be") {
  const auto keys = parse_secrets(kSecret);
  REQUIRE(keys);
  CHECK(sign(*keys, kId, kTime, kBody) == kSignature);
}

TEST_CASE("webhooks: while secrets change there is a signature for each") {
  const auto keys = parse_secrets(std::string(kSecret) + "\r\n\n  " + secret_of(8) + "\n");
  REQUIRE(keys);
  const std::string both = sign(*keys, kId, kTime, kBody);
  CHECK(both.starts_with(std::string(kSignature) + " v1,"));
  CHECK(sign({keys->back()}, kId, kTime, kBody) == both.substr(std::string(kSignature).size() + 1));
}

TEST_CASE("webhooks: a secret has 24 to 64 bytes") {
  CHECK_FALSE(error_of(secret_of(7) + "AAA=").empty());  // 23
  CHECK(error_of(secret_of(8)).empty());
  CHECK(error_of(secret_of(21) + "AA==").empty());        // 64
  CHECK_FALSE(error_of(secret_of(21) + "AAA=").empty());  // 65
}

TEST_CASE("webhooks: what is no secret is told by its line, and not shown") {
  const std::string good = std::string(kSecret) + "\n";
  for (const char* bad :
       {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", "whsec_"}) {
    CAPTURE(bad);
    const std::string error = error_of(good + bad);
    CHECK(error.find("line 2 must be whsec_") == 0);
    CHECK(error.find("MfKQ") == std::string::npos);
  }
  CHECK(error_of("\n \n") == "holds no secret");
  CHECK(error_of(good + good + good + good).empty());
  CHECK(error_of(good + good + good + good + good) == "holds more than 4 secrets");
}

}  // namespace
}  // namespace ringcast::webhooks::webhooks_signature_test
