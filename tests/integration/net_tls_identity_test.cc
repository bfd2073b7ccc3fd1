#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "net/stream.h"
#include "net/tls_identity.h"
#include "support/tls_client.h"
#include "support/tls_files.h"

namespace ringcast::net::net_tls_identity_test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string error_of(const TlsOptions& options) {
  std::vector<std::string> notes;
  const auto context = TlsContext::load(options, notes);
  return context ? "no error" : context.error().detail;
}

std::vector<std::string> notes_of(const TlsOptions& options) {
  std::vector<std::string> notes;
  REQUIRE(TlsContext::load(options, notes));
  return notes;
}

struct Reader : StreamEvents {
  void on_readable() override {
    std::array<char, 65536> buffer{};
    size_t size = 0;
    static_cast<void>(stream->read(buffer, size));
  }
  void on_writable() override {}
  void on_failed() override {}
  std::optional<Stream> stream;
};

// What a client is shown: the name of the certificate, and of those behind it how many.
std::pair<std::string, int> shown_by(const TlsContext& context) {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  Loop loop;
  Reader reader;
  reader.stream.emplace(std::move(*Stream::adopt(loop, ends[0], reader, &context)));
  reader.stream->set_reading(true);
  test::TlsClient client(ends[1], {});
  for (int turns = 0; turns < 10; ++turns) {
    client.pump();
    uv_run(loop.raw(), UV_RUN_NOWAIT);
  }
  CHECK(client.is_ready());
  ::close(ends[1]);
  const int chain = sk_X509_num(SSL_get_peer_cert_chain(client.raw()));
  return {client.peer_name(), chain};
}

TEST_CASE("net: a file of TLS that cannot be read is named with the reason") {
  const test::TlsFiles files;
  const TlsOptions good = files.make("good");
  const std::string missing = files.path("missing");
  CHECK(error_of({.certificate = missing, .key = good.key}) ==
        "the certificate " + missing + ": No such file or directory");
  CHECK(error_of({.certificate = good.certificate, .key = missing}) ==
        "the key " + missing + ": No such file or directory");
  CHECK(error_of({.certificate = files.path(""), .key = good.key}) ==
        "the certificate " + files.path("") + ": Is a directory");
}

TEST_CASE("net: a file of TLS that holds something else is named with the reason") {
  const test::TlsFiles files;
  const TlsOptions good = files.make("good");
  const TlsOptions other = files.make("other");
  CHECK(error_of({.certificate = good.key, .key = good.key}) ==
        "the certificate " + good.key + ": holds no certificate in PEM form");
  CHECK(error_of({.certificate = good.certificate, .key = good.certificate}) ==
        "the key " + good.certificate + ": holds no private key in PEM form");
  CHECK(error_of({.certificate = good.certificate, .key = other.key}) ==
        "the key " + other.key + ": does not belong to " + good.certificate);
  std::ofstream(good.certificate, std::ios::app) << "-----BEGIN CERTIFICATE-----\nAAAA\n";
  CHECK(error_of(good).starts_with("the certificate " + good.certificate +
                                   ": after its first one: "));
  std::ofstream(other.certificate) << std::string((1 << 20) + 1, 'x');
  CHECK(error_of(other) ==
        "the certificate " + other.certificate + ": is larger than any certificate");
}

TEST_CASE("net: an encrypted key is refused, and nobody is asked for its passphrase") {
  const test::TlsFiles files;
  const TlsOptions options = files.make("good");
  std::ofstream(options.key)
      << "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
         "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAAAAAAAAAAAAAAAAAAAA==\n"
         "-----END EC PRIVATE KEY-----\n";
  CHECK(error_of(options) ==
        "the key " + options.key + ": is encrypted: ringcastd has no passphrase for it");
}

TEST_CASE("net: doubtful files of TLS are served, and noted") {
  const test::TlsFiles files;
  const TlsOptions open = files.make("open");
  CHECK(notes_of(open).empty());
  fs::permissions(open.key, fs::perms::others_read, fs::perm_options::add);
  CHECK(notes_of(open) == std::vector<std::string>{"the key " + open.key +
                                                   " can be read by everybody on this machine"});
  const TlsOptions old = files.make_expired("old");
  CHECK(notes_of(old) ==
        std::vector<std::string>{"the certificate " + old.certificate + " has expired"});
}

TEST_CASE("net: a certificate says when it expires") {
  const test::TlsFiles files;
  std::vector<std::string> notes;
  const int64_t now = std::time(nullptr);
  CHECK(TlsContext::load(files.make("new"), notes)->expires_unix_s() > now);
  const int64_t past = TlsContext::load(files.make_expired("old"), notes)->expires_unix_s();
  CHECK(past < now);
  CHECK(past > now - 60 * 60 * 24 * 7);
}

TEST_CASE("net: clients are shown the certificates behind the first one, too") {
  const test::TlsFiles files;
  const TlsOptions options = files.make("leaf");
  std::ofstream(options.certificate, std::ios::app) << text_of(files.make("middle").certificate);
  std::vector<std::string> notes;
  CHECK(shown_by(*TlsContext::load(options, notes)) == std::pair{std::string("leaf"), 2});
}

TEST_CASE("net: an identity changes when its files were written or replaced, and is read again") {
  const test::TlsFiles files;
  const TlsOptions options = files.make("before");
  std::vector<std::string> notes;
  auto identity = TlsIdentity::load(options, notes);
  REQUIRE(identity);
  CHECK_FALSE((*identity)->has_changed());
  const std::shared_ptr<const TlsContext> before = (*identity)->current();
  const TlsOptions next = files.make("after");
  fs::rename(next.certificate, options.certificate);
  CHECK((*identity)->has_changed());
  fs::rename(next.key, options.key);
  REQUIRE((*identity)->renew(notes));
  CHECK_FALSE((*identity)->has_changed());
  CHECK(shown_by(*(*identity)->current()).first == "after");
  CHECK(shown_by(*before).first == "before");  // For those who have it still.
}

TEST_CASE("net: an identity that cannot be read again stays as it was, until its files change") {
  const test::TlsFiles files;
  const TlsOptions options = files.make("before");
  std::vector<std::string> notes;
  auto identity = TlsIdentity::load(options, notes);
  REQUIRE(identity);
  const auto before = (*identity)->current();
  const TlsOptions next = files.make("after");
  fs::rename(next.certificate, options.certificate);
  CHECK_FALSE((*identity)->renew(notes));  // The key is the old one still.
  CHECK((*identity)->current() == before);
  CHECK_FALSE((*identity)->has_changed());  // Told once.
  fs::rename(next.key, options.key);
  CHECK((*identity)->has_changed());
  CHECK((*identity)->renew(notes));
  CHECK(shown_by(*(*identity)->current()).first == "after");
  fs::remove(options.key);
  CHECK((*identity)->has_changed());
}

}  // namespace
}  // namespace ringcast::net::net_tls_identity_test
