#include "support/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace ringcast::test {

TlsClient::TlsClient(int descriptor, const Options& options)
    : descriptor_(descriptor), context_(SSL_CTX_new(TLS_client_method())) {
  // TLS 1.1 and older can be asked for with this only.
  SSL_CTX_set_cipher_list(context_.get(), "DEFAULT@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(context_.get(), options.minimum);
  SSL_CTX_set_max_proto_version(context_.get(), options.maximum);
  ssl_.reset(SSL_new(context_.get()));
  if (!options.alpn.empty()) {
    const std::string names = static_cast<char>(options.alpn.size()) + options.alpn;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(names.data()),
                        static_cast<unsigned>(names.size()));
  }
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(ssl_.get()), -1);
  SSL_set_connect_state(ssl_.get());
}

bool TlsClient::pump(size_t most_in, size_t most_out) {
  const bool has_taken = take_from_socket(most_in);
  const bool has_read = decrypt();
  const bool has_given = give_to_socket(most_out);
  return has_taken || has_read || has_given;
}

bool TlsClient::take_from_socket(size_t most) {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::recv(descriptor_, bytes.data(), std::min(most, bytes.size()), MSG_DONTWAIT);
  is_closed_ = is_closed_ || got == 0;
  if (got > 0) {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(got));
  }
  return got > 0;
}

bool TlsClient::decrypt() {
  std::array<char, 65536> bytes{};
  size_t total = 0;
  while (!has_failed_ && !is_ended_) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (got > 0) {
      received.append(bytes.data(), static_cast<size_t>(got));
      total += static_cast<size_t>(got);
      ++records_;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    is_ended_ = error == SSL_ERROR_ZERO_RETURN;
    has_failed_ = !is_ended_ && error != SSL_ERROR_WANT_READ;
    ERR_clear_error();
    break;
  }
  return total > 0;
}

bool TlsClient::give_to_socket(size_t most) {
  std::array<char, 65536> bytes{};
  for (int got = 1; got > 0;) {
    got = BIO_read(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    out_.append(bytes.data(), got > 0 ? static_cast<size_t>(got) : 0);
  }
  const ssize_t sent =
      ::send(descriptor_, out_.data(), std::min(most, out_.size()), MSG_NOSIGNAL | MSG_DONTWAIT);
  out_.erase(0, sent > 0 ? static_cast<size_t>(sent) : 0);
  return sent > 0;
}

void TlsClient::write(std::string_view text) {
  ERR_clear_error();
  SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
}

void TlsClient::ask_for_key_update() {
  ERR_clear_error();
  SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  SSL_do_handshake(ssl_.get());
}

void TlsClient::renegotiate() {
  ERR_clear_error();
  SSL_renegotiate(ssl_.get());
  SSL_do_handshake(ssl_.get());
}

void TlsClient::close_notify() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

std::string TlsClient::peer_name() const {
  X509* certificate = SSL_get1_peer_certificate(ssl_.get());
  std::array<char, 256> name{};
  if (certificate != nullptr) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              static_cast<int>(name.size()));
    X509_free(certificate);
  }
  return name.data();
}

}  // namespace ringcast::test
