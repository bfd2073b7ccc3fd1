#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls_options.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX: its headers stay in the sources.

namespace ringcast::net {

// A certificate with its key and the rules of TLS, for any number of connections. Immutable: what
// is loaded later is another one, and the connections of this one go on. Any thread.
class TlsContext {
 public:
  // Reads the files. kIo and kInvalid name the file and the reason; `notes` gets what is doubtful
  // about them.
  static Result<TlsContext> load(const TlsOptions& options, std::vector<std::string>& notes);

  [[nodiscard]] ssl_ctx_st* raw() const noexcept { return context_.get(); }
  // When the certificate expires, in seconds of Unix time.
  [[nodiscard]] int64_t expires_unix_s() const noexcept { return expires_unix_s_; }

 private:
  struct Closer {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Closer>;

  TlsContext(Handle context, int64_t expires_unix_s)
      : context_(std::move(context)), expires_unix_s_(expires_unix_s) {}

  Handle context_;
  int64_t expires_unix_s_;
};

}  // namespace ringcast::net
