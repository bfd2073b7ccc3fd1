#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "net/ip_address.h"

namespace ringcast::net {

// Takes the header that a proxy sends before anything else of a connection: the PROXY protocol of
// HAProxy, version 1 (text) and 2 (binary). Only what is needed is kept, whatever the length.
class ProxyHeaderParser {
 public:
  // The length of a header is bounded, so that it ends. Version 1 has its limit from the
  // specification. Version 2 asks senders to stay within 536, but extensions (a client's
  // certificate, a cloud's endpoint) have grown beyond; they are skipped.
  static constexpr size_t kMaxV1Bytes = 107;
  static constexpr size_t kMaxV2Bytes = 2048;

  enum class Peer {
    kAddress,  // It forwards for source().
    kUnknown,  // It forwards, but for whom it does not say, or not as an IP address.
    kProxy     // The proxy speaks for itself, as when it checks whether we are alive.
  };

  // Takes bytes up to the end of the header, at most; returns how many. kInvalid when they are no
  // such header; nothing may be fed after that, nor when it is done.
  Result<size_t> feed(std::string_view input);

  [[nodiscard]] bool is_done() const noexcept { return is_done_; }
  // What it says, once it is done.
  [[nodiscard]] Peer peer() const noexcept { return peer_; }
  [[nodiscard]] const IpAddress& source() const noexcept { return source_; }
  [[nodiscard]] uint16_t source_port() const noexcept { return port_; }

 private:
  [[nodiscard]] bool is_v2() const { return kept_[0] != 'P'; }
  Status take(char c);
  Status take_v1();
  Status take_v2();
  Status check_signature() const;
  Status read_v1();
  Status read_v2_fixed();
  void read_v2_addresses();

  std::array<char, kMaxV1Bytes> kept_{};  // The line, or signature, lengths and addresses.
  size_t size_ = 0;                       // Of what has come, kept or not.
  size_t end_ = 0;                        // Of a version 2 header, once it is known.
  Peer peer_ = Peer::kProxy;
  IpAddress source_;
  uint16_t port_ = 0;
  bool is_done_ = false;
};

}  // namespace ringcast::net
