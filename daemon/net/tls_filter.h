#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "net/tls_context.h"

struct ssl_st;  // OpenSSL's SSL and BIO: their headers stay in the sources.
struct bio_st;
struct bio_method_st;

namespace ringcast::net {

// TLS between a stream and its socket. Plaintext is encrypted straight from the buffers that many
// streams share, a record at a time; the ciphertext that the socket does not take is this
// connection's own, at most one record of data. It stands between the loop and the stream's owner
// as well: what the protocol has to send or has buffered leads to calls that the socket alone
// would not give. Loop thread only.
class TlsFilter final : public StreamEvents {
 public:
  // Null when there is no memory. `owner` outlives it; the stream that holds it, too.
  static std::unique_ptr<TlsFilter> create(const TlsContext& context, int descriptor,
                                           StreamEvents& owner);
  TlsFilter(const TlsFilter&) = delete;
  TlsFilter& operator=(const TlsFilter&) = delete;
  ~TlsFilter() override;
  void set_stream(Stream& stream) noexcept { stream_ = &stream; }

  // As Stream::read(); the handshake is made underneath.
  Stream::Read read(std::span<char> buffer, size_t& size);
  // The bytes of `pieces` that were encrypted: none before the handshake is over, and none as long
  // as ciphertext waits.
  size_t write(std::span<const std::string_view> pieces);
  // close_notify, then FIN, after all that was written.
  void shutdown_write();

  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }
  // The handshake is over.
  [[nodiscard]] bool is_ready() const noexcept { return is_ready_; }
  // There is more to read, and the socket does not know.
  [[nodiscard]] bool has_unread() const noexcept { return has_unread_; }
  [[nodiscard]] bool has_unsent() const noexcept { return !unsent_.empty(); }
  // A peer that takes no answers is not read either: it could ask for them without end.
  [[nodiscard]] bool may_receive() const noexcept;
  // What was asked of uv_poll_start() last.
  [[nodiscard]] int polled() const noexcept { return polled_; }
  void set_polled(int events) noexcept { polled_ = events; }

  // StreamEvents, from the socket.
  void on_readable() override;
  void on_writable() override;
  void on_failed() override;

 private:
  struct Closer {
    void operator()(ssl_st* ssl) const noexcept;
  };

  TlsFilter(int descriptor, StreamEvents& owner) : descriptor_(descriptor), owner_(owner) {}
  Stream::Read after_read(int error, size_t size);
  bool encrypt(std::string_view plaintext);
  void flush();
  void finish();
  void answer_plaintext();
  // The socket as OpenSSL sees it. It always takes what is sent.
  static bio_method_st* socket_method();
  static int on_bio_read(bio_st* bio, char* bytes, int size) noexcept;
  static int on_bio_write(bio_st* bio, const char* bytes, int size) noexcept;
  static long on_bio_control(bio_st* bio, int what, long number, void* pointer) noexcept;
  int receive(std::span<char> bytes);
  bool send(std::string_view bytes);

  const int descriptor_;  // The stream's.
  StreamEvents& owner_;
  Stream* stream_ = nullptr;
  std::unique_ptr<ssl_st, Closer> ssl_;
  std::string unsent_;          // Ciphertext that the socket did not take.
  size_t left_to_receive_ = 0;  // In this call of read().
  int polled_ = 0;
  bool is_ready_ = false;
  bool has_unread_ = false;
  bool is_at_end_ = false;
  bool is_finishing_ = false;  // shutdown_write() was called.
  bool is_finished_ = false;   // close_notify is among what was sent.
  bool has_failed_ = false;
};

}  // namespace ringcast::net
