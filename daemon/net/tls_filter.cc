#include "net/tls_filter.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/send_flags.h"

namespace ringcast::net {

namespace {

constexpr size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
// Room for a record, and for the answers to what the peer asks for (KeyUpdate) meanwhile.
constexpr size_t kMostUnsent = 2 * kRecord;
// Ciphertext in one call of read(), so that a fast peer leaves the others their turn.
constexpr size_t kMostReceived = 128 << 10;
// For who speaks HTTP without TLS. Constant, so that nothing of the request is read for it.
constexpr std::string_view kSpeakTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 35\r\n"
    "Connection: close\r\n\r\nThis port speaks TLS: use https://\n";

// Bytes that the next record takes from `pieces`, of which `taken` are gone. Small pieces are
// gathered in `room`: they become one record.
std::string_view next_record(std::span<const std::string_view> pieces, size_t taken,
                             std::span<char> room) {
  size_t gathered = 0;
  for (size_t index = 0; index < pieces.size() && gathered < room.size(); ++index) {
    std::string_view piece = pieces[index];
    const size_t skipped = std::min(taken, piece.size());
    taken -= skipped;
    piece.remove_prefix(skipped);
    piece = piece.substr(0, room.size() - gathered);
    const bool is_whole = piece.size() == room.size() || index + 1 == pieces.size();
    if (gathered == 0 && is_whole) {
      return piece;  // From the shared buffer: nothing is copied.
    }
    gathered += piece.copy(room.data() + gathered, piece.size());
  }
  return {room.data(), gathered};
}

}  // namespace

std::unique_ptr<TlsFilter> TlsFilter::create(const TlsContext& context, int descriptor,
                                             StreamEvents& owner) {
  std::unique_ptr<TlsFilter> filter(new TlsFilter(descriptor, owner));  // NOLINT: private
  filter->ssl_.reset(SSL_new(context.raw()));
  BIO* bio = filter->ssl_ ? BIO_new(socket_method()) : nullptr;
  if (bio == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  BIO_set_data(bio, filter.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(filter->ssl_.get(), bio, bio);
  SSL_set_accept_state(filter->ssl_.get());
  return filter;
}

TlsFilter::~TlsFilter() = default;

void TlsFilter::Closer::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

Stream::Read TlsFilter::read(std::span<char> buffer, size_t& size) {
  size = 0;
  has_unread_ = false;
  if (has_failed_) {
    return Stream::Read::kFailed;
  }
  left_to_receive_ = kMostReceived;
  while (size < buffer.size()) {
    size_t got = 0;
    ERR_clear_error();  // What another connection left would be taken for this one's.
    const int result = SSL_read_ex(ssl_.get(), buffer.data() + size, buffer.size() - size, &got);
    is_ready_ = is_ready_ || SSL_is_init_finished(ssl_.get()) == 1;
    if (result != 1) {
      return after_read(SSL_get_error(ssl_.get(), result), size);
    }
    size += got;
  }
  has_unread_ = SSL_has_pending(ssl_.get()) == 1;
  return Stream::Read::kData;
}

// What came before an end or a failure is handed out first, and the owner called again for it.
Stream::Read TlsFilter::after_read(int error, size_t size) {
  if (error == SSL_ERROR_WANT_READ && !has_failed_) {
    return size > 0 ? Stream::Read::kData : Stream::Read::kNothing;
  }
  const bool is_end = error == SSL_ERROR_ZERO_RETURN && !has_failed_;
  if (!is_end) {
    const bool is_plain_http = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL &&
                               ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    if (is_plain_http) {
      answer_plaintext();
    }
    ERR_clear_error();
    has_failed_ = true;
  }
  has_unread_ = size > 0;
  if (size > 0) {
    return Stream::Read::kData;
  }
  return is_end ? Stream::Read::kEnd : Stream::Read::kFailed;
}

// What is unread at the close would make a reset of it, which overtakes the answer.
void TlsFilter::answer_plaintext() {
  std::array<char, 16384> request{};
  static_cast<void>(::recv(descriptor_, request.data(), request.size(), MSG_DONTWAIT));
  static_cast<void>(::send(descriptor_, kSpeakTls.data(), kSpeakTls.size(), kSendFlags));
  ::shutdown(descriptor_, SHUT_WR);
}

size_t TlsFilter::write(std::span<const std::string_view> pieces) {
  std::array<char, kRecord> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): is written to
  size_t taken = 0;
  flush();
  while (is_ready_ && !has_failed_ && !has_unsent()) {
    const std::string_view record = next_record(pieces, taken, room);
    if (record.empty() || !encrypt(record)) {
      break;
    }
    taken += record.size();
  }
  return taken;
}

bool TlsFilter::encrypt(std::string_view plaintext) {
  size_t written = 0;
  ERR_clear_error();
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) {
    ERR_clear_error();
    has_failed_ = true;
  }
  return !has_failed_;
}

void TlsFilter::shutdown_write() {
  is_finishing_ = true;
  flush();
}

void TlsFilter::flush() {
  if (has_unsent() && !has_failed_) {
    const std::string bytes = std::exchange(unsent_, {});
    if (!send(bytes)) {
      return;
    }
  }
  if (is_finishing_ && !has_unsent()) {
    finish();
  }
}

// Nothing waits any more: the end may be said, and when that is out as well, FIN.
void TlsFilter::finish() {
  if (!std::exchange(is_finished_, true) && is_ready_ && !has_failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  if (!has_unsent()) {
    ::shutdown(descriptor_, SHUT_WR);
  }
}

bool TlsFilter::may_receive() const noexcept {
  return unsent_.size() <= kMostUnsent;
}

void TlsFilter::on_readable() {
  owner_.on_readable();
}

void TlsFilter::on_writable() {
  flush();
  if (has_failed_) {
    stream_->has_failed_ = true;
    owner_.on_failed();
    return;
  }
  if (has_unread_ && stream_->is_reading_) {
    owner_.on_readable();
  }
  if (is_ready_ && !has_unsent() && stream_->is_waiting_to_write_) {
    owner_.on_writable();
  }
  stream_->update();
}

void TlsFilter::on_failed() {
  owner_.on_failed();
}

bio_method_st* TlsFilter::socket_method() {
  static BIO_METHOD* const made = [] {  // NOLINT: OpenSSL does not take it const.
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ringcast");
    BIO_meth_set_read(method, &TlsFilter::on_bio_read);
    BIO_meth_set_write(method, &TlsFilter::on_bio_write);
    BIO_meth_set_ctrl(method, &TlsFilter::on_bio_control);
    return method;
  }();
  return made;
}

int TlsFilter::on_bio_read(bio_st* bio, char* bytes, int size) noexcept {
  BIO_clear_retry_flags(bio);
  auto* filter = static_cast<TlsFilter*>(BIO_get_data(bio));
  const int got = filter->receive({bytes, static_cast<size_t>(size)});
  if (got < 0 && !filter->has_failed_) {
    BIO_set_retry_read(bio);
  }
  return got;
}

int TlsFilter::on_bio_write(bio_st* bio, const char* bytes, int size) noexcept {
  auto* filter = static_cast<TlsFilter*>(BIO_get_data(bio));
  return filter->send({bytes, static_cast<size_t>(size)}) ? size : -1;
}

long TlsFilter::on_bio_control(bio_st* bio, int what, long /*number*/, void* /*pointer*/) noexcept {
  if (what == BIO_CTRL_EOF) {
    return static_cast<TlsFilter*>(BIO_get_data(bio))->is_at_end_ ? 1 : 0;
  }
  return what == BIO_CTRL_FLUSH ? 1 : 0;
}

// -1: nothing now, or failed.
int TlsFilter::receive(std::span<char> bytes) {
  if (left_to_receive_ == 0 || !may_receive()) {
    return -1;
  }
  ssize_t got = 0;
  do {
    got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    has_failed_ = errno != EAGAIN && errno != EWOULDBLOCK;
    return -1;
  }
  is_at_end_ = got == 0;
  left_to_receive_ -= std::min(left_to_receive_, static_cast<size_t>(got));
  return static_cast<int>(got);
}

// In order: behind what waits already.
bool TlsFilter::send(std::string_view bytes) {
  while (!has_unsent() && !bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), kSendFlags);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) {
      continue;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) {
      has_failed_ = true;
      return false;
    }
    break;
  }
  unsent_.append(bytes);
  return true;
}

}  // namespace ringcast::net
