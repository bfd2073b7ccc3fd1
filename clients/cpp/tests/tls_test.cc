#include <doctest/doctest.h>

#include <string>

#include "harness/daemon.h"
#include "harness/recorder.h"
#include "support/tls_files.h"

namespace ringcast::client::test::tls_test {
namespace {

std::string listen_with(const net::TlsOptions& files) {
  return "listen=[{tcp: \"127.0.0.1:0\", tls: {certificate: \"" + files.certificate +
         "\", key: \"" + files.key + "\"}}]";
}

ClientOptions https_to(const Daemon& broker) {
  ClientOptions options;
  options.url = "https://localhost:" + std::to_string(broker.port());
  return options;
}

}  // namespace

TEST_CASE("tls: a certificate that is trusted serves, for publishing and for streams") {
  const ringcast::test::TlsFiles folder;
  const net::TlsOptions files = folder.make("localhost");
  const Daemon broker({"--set", listen_with(files)});
  TestLoop loop;
  ClientOptions options = https_to(broker);
  options.ca_file = files.certificate;
  Client client = open_client(loop, options);
  publish_numbers(loop, client, "t", 0, 2'000);
  Recorder recorder;
  const Subscription subscription = client.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the newest events",
                 [&] { return !recorder.events.empty() && recorder.events.back().data == "1999"; });
}

TEST_CASE("tls: one that is not trusted is final, unless nobody cares") {
  const ringcast::test::TlsFiles folder;
  const Daemon broker({"--set", listen_with(folder.make("localhost"))});
  TestLoop loop;
  ClientOptions options = https_to(broker);
  Client strict = open_client(loop, options);
  const auto refused = publish(loop, strict, event("t", "x"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kUnusable);
  CHECK_FALSE(refused.error().is_transient);
  Recorder recorder;
  const Subscription subscription = strict.subscribe(everything_of("t"), recorder.handlers());
  loop.run_until("the end", [&] { return recorder.end.has_value(); });
  CHECK(recorder.end->code == Errc::kUnusable);
  options.insecure = true;
  Client careless = open_client(loop, options);
  CHECK(publish(loop, careless, event("t", "x")));
}

TEST_CASE("tls: one for another name, and a file that is not there, are named") {
  const ringcast::test::TlsFiles folder;
  const net::TlsOptions files = folder.make("elsewhere.example");
  const Daemon broker({"--set", listen_with(files)});
  TestLoop loop;
  ClientOptions options = https_to(broker);
  options.ca_file = files.certificate;
  Client other = open_client(loop, options);
  CHECK(publish(loop, other, event("t", "x")).error().code == Errc::kUnusable);
  options.ca_file = folder.path("nowhere.pem");
  Client without = open_client(loop, options);
  const auto refused = publish(loop, without, event("t", "x"));
  CHECK(refused.error().code == Errc::kUnusable);
  CHECK(refused.error().message.find("nowhere.pem") != std::string::npos);
}

}  // namespace ringcast::client::test::tls_test
