#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/auth_keys.h"
#include "app/jwks_source.h"
#include "auth/base64url.h"
#include "support/loopback_listener.h"

namespace ringcast::app::app_jwks_source_test {
namespace {

std::string jwk_set(const std::string& id) {
  return R"({"keys":[{"kty":"oct","kid":")" + id + R"(","k":")" +
         auth::encode_base64url(std::string(32, 's')) + R"("}]})";
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A web server that gives each connection the next of its answers, and the last one again and
// again. An empty answer is none: the connection stays open.
class StubServer {
 public:
  explicit StubServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    thread_ = std::thread([this] { serve(); });
  }
  StubServer(const StubServer&) = delete;
  StubServer& operator=(const StubServer&) = delete;
  ~StubServer() {
    listener_.stop();
    thread_.join();
    for (const int held : held_) {
      close(held);
    }
  }

  [[nodiscard]] std::string url() const { return listener_.url() + "/jwks"; }
  // Until a connection has come that gets no answer.
  void wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !held_.empty(); });
  }

 private:
  void serve() {
    for (size_t next = 0;; ++next) {
      const int connection = listener_.accept();
      if (connection < 0) {
        return;
      }
      static_cast<void>(test::read_head(connection));
      const std::string& answer = answers_[std::min(next, answers_.size() - 1)];
      if (answer.empty()) {
        const std::lock_guard lock(mutex_);
        held_.push_back(connection);
        changed_.notify_all();
        continue;
      }
      send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(connection);
    }
  }

  std::vector<std::string> answers_;
  test::LoopbackListener listener_;
  std::mutex mutex_;  // Guards held_.
  std::condition_variable changed_;
  std::vector<int> held_;
  std::thread thread_;
};

// What a source told, for a test that waits for it.
class Told {
 public:
  void add_keys(auth::JwtKeys keys) {
    const std::lock_guard lock(mutex_);
    keys_.push_back(std::move(keys));
    changed_.notify_all();
  }
  void add_line(const LogLine& line) {
    const std::lock_guard lock(mutex_);
    if (line.level >= LogLevel::kWarn) {
      warnings_.push_back(line.message + ": " + line.fields.at(0).second);
    }
    changed_.notify_all();
  }
  auth::JwtKeys keys(size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return keys_.size() > index; });
    return keys_[index];
  }
  std::string warning(size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return warnings_.size() > index; });
    return warnings_[index];
  }
  size_t key_count() {
    const std::lock_guard lock(mutex_);
    return keys_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<auth::JwtKeys> keys_;
  std::vector<std::string> warnings_;
};

auth::JwtOptions options_for(const std::string& jwks) {
  return {.algorithms = {auth::Algorithm::kHs256}, .jwks = jwks, .refresh_ms = 10};
}

struct Running {
  explicit Running(const auth::JwtOptions& options)
      : source(
            options, start(options), [this](const LogLine& line) { told.add_line(line); },
            [this](auth::JwtKeys keys) { told.add_keys(std::move(keys)); }) {}

  static auth::JwtKeys start(const auth::JwtOptions& options) {
    std::vector<std::string> notes;
    auto keys = read_jwt_keys(options, "auth.jwt", notes);
    REQUIRE_MESSAGE(keys, keys.error().detail);
    return *keys;
  }

  Told told;
  JwksSource source;
};

bool has_only(const auth::JwtKeys& keys, const std::string& id) {
  return keys.keys.size() == 1 && keys.keys[0].is_meant_by(id) && keys.missing.empty();
}

TEST_CASE("app: a JWKS is fetched at once, and again when it has changed") {
  StubServer server({ok(jwk_set("1")), ok(jwk_set("1")), ok(jwk_set("2"))});
  const auto options = options_for(server.url());
  CHECK(Running::start(options).missing == "the JWKS could not be read yet");
  Running running(options);
  CHECK(has_only(running.told.keys(0), "1"));
  CHECK(has_only(running.told.keys(1), "2"));
}

TEST_CASE("app: a JWKS that cannot be had is told, and the old keys stay") {
  StubServer server({"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", ok(jwk_set("1")),
                     "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
                     ok("<html>"), ok(std::string(kMaxJwksBytes + 1, ' ')), ok(jwk_set("2"))});
  Running running(options_for(server.url()));
  const std::string old = "the JWKS cannot be read: the old keys stay: " + server.url() + ": ";
  CHECK(running.told.warning(0) == "the JWKS cannot be read, so that there are no keys yet: " +
                                       server.url() + ": status 503, not 200");
  CHECK(running.told.warning(1) == old + "status 302, not 200 (redirects are not followed)");
  CHECK(running.told.warning(2).starts_with(old + "not a JWKS: not JSON: "));
  CHECK(running.told.warning(3) == old + "larger than 1048576 bytes");
  CHECK(has_only(running.told.keys(0), "1"));
  CHECK(has_only(running.told.keys(1), "2"));
}

TEST_CASE("app: the head of an answer has at most 64 KiB") {
  const std::string body = jwk_set("1");
  const auto with_head_of = [&](size_t bytes) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    while (head.size() + 2000 < bytes) {
      head += "X: " + std::string(1000, 'x') + "\r\n";
    }
    head += "X: " + std::string(bytes - head.size() - 7, 'x') + "\r\n\r\n";
    CHECK(head.size() == bytes);
    return head + body;
  };
  StubServer server({with_head_of(65'537), with_head_of(65'536)});
  Running running(options_for(server.url()));
  CHECK(running.told.warning(0).ends_with("the head of the answer is larger than 65536 bytes"));
  CHECK(has_only(running.told.keys(0), "1"));
}

TEST_CASE("app: a JWKS with trailers without end is not read to the end") {
  std::string endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int n = 0; n < 70; ++n) {
    endless += "X: " + std::string(1000, 'x') + "\r\n";
  }
  StubServer server({endless + "\r\n", ok(jwk_set("1"))});
  Running running(options_for(server.url()));
  CHECK(running.told.warning(0) ==
        "the JWKS cannot be read, so that there are no keys yet: " + server.url() +
            ": the head of the answer is larger than 65536 bytes");
  CHECK(has_only(running.told.keys(0), "1"));
}

TEST_CASE("app: a JWKS without keys that serve takes the old ones back") {
  const std::string for_others = R"({"keys":[{"kty":"oct","alg":"HS512","k":")" +
                                 auth::encode_base64url(std::string(64, 's')) + R"("}]})";
  StubServer server({ok(jwk_set("1")), ok(R"({"keys":[]})"), ok(jwk_set("2")), ok(for_others)});
  Running running(options_for(server.url()));
  CHECK(has_only(running.told.keys(0), "1"));
  CHECK(running.told.keys(1).keys.empty());
  CHECK(running.told.keys(1).missing == "no key of the JWKS serves HS256");
  CHECK(running.told.warning(0) ==
        "the JWKS has no key that can be used: all JWTs that need one are refused: "
        "no key of the JWKS serves HS256");
  CHECK(has_only(running.told.keys(2), "2"));
  CHECK(running.told.keys(3).missing == "no key of the JWKS serves HS256");
}

TEST_CASE("app: a source ends while a server lets it wait") {
  StubServer server({""});
  {
    Running running(options_for(server.url()));
    server.wait_until_held();
  }
}

TEST_CASE("app: a JWKS of 1 MiB is taken") {
  const std::string set = jwk_set("1");
  StubServer server({ok(set + std::string(kMaxJwksBytes - set.size(), ' '))});
  Running running(options_for(server.url()));
  CHECK(has_only(running.told.keys(0), "1"));
}

// A file of its own, which goes with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    close(mkstemp(path_.data()));
    write(text);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::remove(path_.c_str()); }
  // Exchanged in one step, as an operator should.
  void write(const std::string& text) const {
    const std::string next = path_ + ".next";
    std::ofstream(next) << text;
    std::rename(next.c_str(), path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/ringcast-jwks-XXXXXX";
};

TEST_CASE("app: a JWKS in a file is read at the start, and again when it has changed") {
  const TemporaryFile file(jwk_set("1"));
  const auto options = options_for(file.path());
  CHECK(has_only(Running::start(options), "1"));
  Running running(options);
  file.write(jwk_set("2"));
  CHECK(has_only(running.told.keys(0), "2"));
  file.write("{}");
  CHECK(running.told.warning(0) == "the JWKS cannot be read: the old keys stay: " + file.path() +
                                       ": not a JWKS: it has no \"keys\"");
  CHECK(running.told.key_count() == 1);
}

TEST_CASE("app: a key that stands alone stays beside the keys of a JWKS") {
  StubServer server({ok(jwk_set("1"))});
  auto options = options_for(server.url());
  options.key = std::string(32, 'a');
  Running running(options);
  const auto keys = running.told.keys(0);
  REQUIRE(keys.keys.size() == 2);
  CHECK_FALSE(keys.keys[0].is_in_set());
  CHECK(keys.keys[1].is_in_set());
}

std::string error_of(const auth::JwtOptions& options) {
  std::vector<std::string> notes;
  const auto keys = read_jwt_keys(options, "auth.jwt", notes);
  return keys ? "no error" : keys.error().detail;
}

TEST_CASE("app: a key file that cannot be used is named") {
  const TemporaryFile file("short");
  CHECK(error_of({.key_file = "/nonexistent/key.pem"}) ==
        "auth.jwt.key_file: /nonexistent/key.pem: No such file or directory");
  CHECK(error_of({.key_file = "/"}) == "auth.jwt.key_file: /: Is a directory");
  CHECK(error_of({.key_file = file.path()})
            .starts_with("auth.jwt.key_file: " + file.path() + ": a secret of 5 bytes"));
  CHECK(error_of({.key = "short"}).starts_with("auth.jwt.key: a secret of 5 bytes"));
  CHECK(error_of({.jwks = "/nonexistent/jwks.json"}) ==
        "auth.jwt.jwks: /nonexistent/jwks.json: No such file or directory");
  CHECK(error_of({.jwks = file.path()})
            .starts_with("auth.jwt.jwks: " + file.path() + ": not a JWKS: "));
  file.write(R"({"keys":[{"kty":"x"}]})");
  CHECK(error_of({.jwks = file.path()}) ==
        "auth.jwt.jwks: " + file.path() + ": no key in it can be used: keys[0]: kty \"x\" is not " +
            "known: RSA, EC, OKP and oct are");
  file.write(std::string((64 << 10) + 1, 's'));
  CHECK(error_of({.key_file = file.path()}) ==
        "auth.jwt.key_file: " + file.path() + ": larger than 65536 bytes");
}

TEST_CASE("app: a key file that is a pipe is refused, and not waited for") {
  const TemporaryFile file("");
  const std::string pipe = file.path() + ".pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(error_of({.key_file = pipe}) == "auth.jwt.key_file: " + pipe + ": is not a regular file");
  std::remove(pipe.c_str());
}

TEST_CASE("app: keys of a file that are skipped are noted") {
  std::string text = jwk_set("1");
  text.insert(text.size() - 2, R"(,{"kty":"x"})");
  const TemporaryFile file(text);
  std::vector<std::string> notes;
  REQUIRE(read_jwt_keys({.jwks = file.path()}, "auth.jwt", notes));
  CHECK(notes == std::vector<std::string>{"auth.jwt.jwks: skipped keys[1]: kty \"x\" is not known: "
                                          "RSA, EC, OKP and oct are"});
}

}  // namespace
}  // namespace ringcast::app::app_jwks_source_test
