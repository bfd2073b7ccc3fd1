#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace ringcast::test {

// The client's end of a TLS connection over a non-blocking socket that stays the test's. It does
// nothing by itself: pump() moves bytes.
class TlsClient {
 public:
  struct Options {
    int minimum = TLS1_2_VERSION;
    int maximum = TLS1_3_VERSION;
    std::string alpn = "http/1.1";  // Empty: none.
  };
  TlsClient(int descriptor, const Options& options);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() = default;

  // Takes at most `most_in` bytes from the socket, goes on with the handshake, decrypts, and gives
  // at most `most_out` bytes to the socket. False when nothing moved.
  bool pump(size_t most_in = kAll, size_t most_out = kAll);
  // Encrypts; pump() sends it.
  void write(std::string_view text);
  // Asks the server for a KeyUpdate of its own; pump() sends it.
  void ask_for_key_update();
  // Asks for another handshake (TLS 1.2); pump() sends it.
  void renegotiate();
  // close_notify; pump() sends it.
  void close_notify();

  [[nodiscard]] bool is_ready() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  // The server has refused, or broken the rules.
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
  [[nodiscard]] bool is_ended() const noexcept { return is_ended_; }    // By close_notify.
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }  // FIN has come.
  [[nodiscard]] size_t records() const noexcept { return records_; }    // With data.
  [[nodiscard]] size_t unsent() const {
    return BIO_ctrl_pending(SSL_get_wbio(ssl_.get())) + out_.size();
  }
  [[nodiscard]] SSL* raw() const noexcept { return ssl_.get(); }
  [[nodiscard]] std::string peer_name() const;

  std::string received;  // Plaintext.

  static constexpr size_t kAll = static_cast<size_t>(-1);

 private:
  bool take_from_socket(size_t most);
  bool give_to_socket(size_t most);
  bool decrypt();

  struct Closer {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };
  int descriptor_;
  std::unique_ptr<SSL_CTX, Closer> context_;
  std::unique_ptr<SSL, Closer> ssl_;
  std::string out_;
  size_t records_ = 0;
  bool has_failed_ = false;
  bool is_ended_ = false;
  bool is_closed_ = false;
};

}  // namespace ringcast::test
