#include "net/tls_context.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

namespace ringcast::net {

namespace {

constexpr size_t kMostFileBytes = 1 << 20;
constexpr mode_t kWorldReadable = S_IROTH;
// RFC 7301 section 3.1: each name behind its length.
constexpr std::string_view kProtocols = "\x08http/1.1";

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

struct PemFile {
  std::string text;
  mode_t mode = 0;
};

Failure fail_file(std::string_view what, const std::string& path, std::string_view why) {
  std::string detail = "the ";
  detail.append(what).append(" ").append(path).append(": ").append(why);
  return fail(Errc::kInvalid, std::move(detail), std::string(what));
}

// Why OpenSSL did not take something, in its own words.
std::string take_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason != nullptr ? reason : "not understood";
  ERR_clear_error();
  return text;
}

Result<PemFile> read_pem(std::string_view what, const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return fail_file(what, path, std::strerror(errno));
  }
  PemFile file;
  struct stat status {};
  ::fstat(descriptor, &status);
  file.mode = status.st_mode;
  std::array<char, 16384> bytes{};
  ssize_t got = 0;
  while ((got = ::read(descriptor, bytes.data(), bytes.size())) > 0 &&
         file.text.size() <= kMostFileBytes) {
    file.text.append(bytes.data(), static_cast<size_t>(got));
  }
  const int error = errno;
  ::close(descriptor);
  if (got < 0) {
    return fail_file(what, path, std::strerror(error));
  }
  if (file.text.size() > kMostFileBytes) {
    return fail_file(what, path, "is larger than any certificate");
  }
  return file;
}

Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Nobody is there to be asked.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

Status use_chain(SSL_CTX* context, const std::string& path, std::vector<std::string>& notes) {
  auto file = read_pem("certificate", path);
  if (!file) {
    return std::move(file).failure();
  }
  const Bio bio = bio_of(file->text);
  const Certificate own(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!own) {
    ERR_clear_error();
    return fail_file("certificate", path, "holds no certificate in PEM form");
  }
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return fail_file("certificate", path, take_reason());
  }
  if (X509_cmp_current_time(X509_get0_notAfter(own.get())) < 0) {
    notes.push_back("the certificate " + path + " has expired");
  }
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) {
      return fail_file("certificate", path, take_reason());
    }
    static_cast<void>(next.release());  // The context's now.
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!is_at_end) {
    return fail_file("certificate", path, "after its first one: " + take_reason());
  }
  ERR_clear_error();
  return Ok{};
}

Status use_key(SSL_CTX* context, const TlsOptions& options, std::vector<std::string>& notes) {
  auto file = read_pem("key", options.key);
  if (!file) {
    return std::move(file).failure();
  }
  const Bio bio = bio_of(file->text);
  bool was_asked = false;
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &was_asked));
  OPENSSL_cleanse(file->text.data(), file->text.size());
  ERR_clear_error();
  if (!key) {
    return fail_file("key", options.key,
                     was_asked ? "is encrypted: ringcastd has no passphrase for it"
                               : "holds no private key in PEM form");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return fail_file("key", options.key, "does not belong to " + options.certificate);
  }
  if ((file->mode & kWorldReadable) != 0) {
    notes.push_back("the key " + options.key + " can be read by everybody on this machine");
  }
  return Ok{};
}

// In seconds of Unix time.
int64_t expiry_of(const SSL_CTX* context) {
  std::tm time{};
  ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &time);
  return ::timegm(&time);
}

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void* /*unused*/) {
  const auto* ours = reinterpret_cast<const unsigned char*>(kProtocols.data());
  // SSL_select_next_proto() does not write through it.
  const int result =
      SSL_select_next_proto(const_cast<unsigned char**>(chosen), chosen_size, ours,  // NOLINT
                            static_cast<unsigned>(kProtocols.size()), offered, offered_size);
  // RFC 7301 section 3.2: a client that knows none of ours is told so.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_rules(SSL_CTX* context, TlsOptions::Version minimum) {
  SSL_CTX_set_min_proto_version(
      context, minimum == TlsOptions::Version::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  // A request says itself where it ends, so a client that leaves without a word cuts nothing off.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its buffers back.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // The client keeps its ticket.
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

void TlsContext::Closer::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

Result<TlsContext> TlsContext::load(const TlsOptions& options, std::vector<std::string>& notes) {
  ERR_clear_error();
  Handle context(SSL_CTX_new(TLS_server_method()));
  if (!context) {
    return fail(Errc::kIo, "TLS cannot start: " + take_reason());
  }
  set_rules(context.get(), options.minimum);
  if (auto status = use_chain(context.get(), options.certificate, notes); !status) {
    return std::move(status).failure();
  }
  if (auto status = use_key(context.get(), options, notes); !status) {
    return std::move(status).failure();
  }
  const int64_t expires_unix_s = expiry_of(context.get());
  return TlsContext(std::move(context), expires_unix_s);
}

}  // namespace ringcast::net
