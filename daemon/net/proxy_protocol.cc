#include "net/proxy_protocol.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kV1Signature = "PROXY ";
constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kV2Fixed = 16;  // Signature, version and command, family, length.

// Section 2.2: the high half of the 14th byte, and what its addresses take.
enum Family : uint8_t { kUnspecified = 0, kInet = 1, kInet6 = 2, kUnix = 3 };
constexpr std::array<size_t, 4> kAddressBytes = {0, 12, 36, 216};
constexpr uint8_t kStream = 1;
constexpr uint8_t kDatagram = 2;

Failure refuse_header(std::string_view why) {
  return fail(Errc::kInvalid, "PROXY protocol: " + std::string(why));
}

uint8_t byte_at(std::string_view bytes, size_t index) {
  return static_cast<uint8_t>(bytes[index]);
}

uint16_t number_at(std::string_view bytes, size_t index) {
  return static_cast<uint16_t>(byte_at(bytes, index) << 8 | byte_at(bytes, index + 1));
}

// The words of a line, with exactly one space between them. The last one is the rest.
std::string_view next_word(std::string_view& line) {
  const size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

// An address as the family of the line wants it.
std::optional<IpAddress> address_of(std::string_view text, bool wants_v4) {
  const bool is_written_as_v4 = text.find(':') == std::string_view::npos;
  return is_written_as_v4 == wants_v4 ? IpAddress::parse(text) : std::nullopt;
}

std::optional<uint16_t> port_of(std::string_view text) {
  const auto port = parse_uint(text);
  if (!port || *port > UINT16_MAX || (text.size() > 1 && text.starts_with('0'))) {
    return std::nullopt;
  }
  return static_cast<uint16_t>(*port);
}

}  // namespace

Result<size_t> ProxyHeaderParser::feed(std::string_view input) {
  size_t used = 0;
  while (used < input.size() && !is_done_) {
    if (Status status = take(input[used]); !status) {
      return std::move(status).failure();
    }
    ++used;
  }
  return used;
}

Status ProxyHeaderParser::take(char c) {
  if (size_ < kept_.size()) {
    kept_[size_] = c;
  }
  ++size_;
  if (Status status = check_signature(); !status) {
    return status;
  }
  return is_v2() ? take_v2() : take_v1();
}

// With the first byte that differs, so that a client that speaks HTTP at once is not left waiting.
Status ProxyHeaderParser::check_signature() const {
  const std::string_view signature = is_v2() ? kV2Signature : kV1Signature;
  if (size_ <= signature.size() && kept_[size_ - 1] != signature[size_ - 1]) {
    return refuse_header("the connection does not begin with its header");
  }
  return Ok{};
}

Status ProxyHeaderParser::take_v1() {
  if (size_ >= 2 && kept_[size_ - 2] == '\r' && kept_[size_ - 1] == '\n') {
    is_done_ = true;
    return read_v1();
  }
  if (size_ == kMaxV1Bytes) {
    return refuse_header("the line is over " + std::to_string(kMaxV1Bytes) + " bytes");
  }
  return Ok{};
}

Status ProxyHeaderParser::read_v1() {
  std::string_view line(kept_.data(), size_ - 2);
  line.remove_prefix(kV1Signature.size());
  const std::string_view family = next_word(line);
  if (family == "UNKNOWN") {  // Section 2.1: whatever follows is to be ignored.
    peer_ = Peer::kUnknown;
    return Ok{};
  }
  if (family != "TCP4" && family != "TCP6") {
    return refuse_header("the family must be TCP4, TCP6 or UNKNOWN");
  }
  const bool wants_v4 = family == "TCP4";
  const auto source = address_of(next_word(line), wants_v4);
  const auto destination = address_of(next_word(line), wants_v4);
  if (!source || !destination) {
    return refuse_header("needs two addresses of the family " + std::string(family));
  }
  const auto source_port = port_of(next_word(line));
  if (!source_port || !port_of(line)) {  // The rest: a sixth word is no part of a number.
    return refuse_header("needs two ports from 0 to 65535");
  }
  peer_ = Peer::kAddress;
  source_ = *source;
  port_ = *source_port;
  return Ok{};
}

Status ProxyHeaderParser::take_v2() {
  if (size_ == kV2Fixed) {
    if (Status status = read_v2_fixed(); !status) {
      return status;
    }
  }
  if (end_ != 0 && size_ == end_) {
    is_done_ = true;
    read_v2_addresses();
  }
  return Ok{};
}

Status ProxyHeaderParser::read_v2_fixed() {
  const std::string_view header(kept_.data(), kV2Fixed);
  const uint8_t version = byte_at(header, 12) >> 4;
  const uint8_t command = byte_at(header, 12) & 0x0F;
  const uint8_t family = byte_at(header, 13) >> 4;
  const uint8_t transport = byte_at(header, 13) & 0x0F;
  const size_t length = number_at(header, 14);
  if (version != 2 || command > 1) {
    return refuse_header("version 2 has no such version or command");
  }
  end_ = kV2Fixed + length;
  if (end_ > kMaxV2Bytes) {
    return refuse_header("the header is over " + std::to_string(kMaxV2Bytes) + " bytes");
  }
  if (command == 0) {  // LOCAL: family and addresses are to be ignored.
    return Ok{};
  }
  if (family > kUnix || transport > kDatagram) {
    return refuse_header("version 2 has no such family");
  }
  if (length < kAddressBytes[family]) {
    return refuse_header("the header is too short for its addresses");
  }
  // Section 2.2: valid families that a receiver does not support count as unspecified.
  const bool is_known = transport == kStream && (family == kInet || family == kInet6);
  peer_ = is_known ? Peer::kAddress : Peer::kUnknown;
  return Ok{};
}

void ProxyHeaderParser::read_v2_addresses() {
  if (peer_ != Peer::kAddress) {
    return;
  }
  const std::string_view header(kept_.data(), kept_.size());
  const bool is_v4 = byte_at(header, 13) >> 4 == kInet;
  if (is_v4) {
    std::array<uint8_t, 4> bytes{};
    std::copy_n(header.begin() + kV2Fixed, bytes.size(), bytes.begin());
    source_ = IpAddress::v4(bytes);
  } else {
    IpAddress::Bytes bytes{};
    std::copy_n(header.begin() + kV2Fixed, bytes.size(), bytes.begin());
    source_ = IpAddress(bytes);
  }
  port_ = number_at(header, kV2Fixed + (is_v4 ? 8 : 32));
}

}  // namespace ringcast::net
