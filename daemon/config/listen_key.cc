#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/composite_keys.h"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 3> kEntryKeys = {"tcp", "unix", "mode"};
constexpr uint32_t kModeLimit = 0777;

std::optional<uint32_t> parse_octal(std::string_view text) {
  if (text.starts_with("0o")) {
    text.remove_prefix(2);  // The YAML 1.2 form.
  }
  if (text.empty() || text.size() > 4) {
    return std::nullopt;
  }
  uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') {
      return std::nullopt;
    }
    value = value * 8 + static_cast<uint32_t>(c - '0');
  }
  return value <= kModeLimit ? std::optional(value) : std::nullopt;
}

std::string print_octal(uint32_t mode) {
  std::string text = "0000";
  for (size_t i = text.size(); i-- > 0; mode /= 8) {
    text[i] = static_cast<char>('0' + mode % 8);
  }
  return text;
}

Result<net::Address> read_address(const Node& value, std::string_view path, bool is_unix) {
  if (value.kind != Node::Kind::kScalar) {
    return fail_at(value.where, path, "must be an address, not " + found(value));
  }
  auto address = net::parse_address((is_unix ? "unix:" : "") + value.scalar);
  if (!address) {
    return fail_at(value.where, path, found(value) + ": " + address.error().detail);
  }
  return address;
}

Result<net::Address> read_map(const Node& entry, const std::string& path) {
  std::optional<net::Address> address;
  const Node* mode = nullptr;
  for (const auto& [name, where, value] : entry.entries) {
    if (name == "mode") {
      mode = value.get();
      continue;
    }
    if (name != "tcp" && name != "unix") {
      const std::string near = nearest(name, kEntryKeys);
      std::string what = "unknown key " + json::quoted(name);
      what.append(near.empty() ? "; known here: tcp, unix, mode" : "; did you mean " + near + "?");
      return fail_at(where, path, what);
    }
    if (address) {
      return fail_at(where, path, "one address for each entry: either tcp or unix");
    }
    auto read = read_address(*value, std::string(path).append(".").append(name), name == "unix");
    if (!read) {
      return read;
    }
    if (name == "tcp" && !read->unix_path.empty()) {
      return fail_at(value->where, path + ".tcp", "a unix socket is written {unix: /path}");
    }
    address = *std::move(read);
  }
  if (!address) {
    return fail_at(entry.where, path, "needs tcp or unix");
  }
  if (mode != nullptr) {
    const auto bits = mode->kind == Node::Kind::kScalar ? parse_octal(mode->scalar) : std::nullopt;
    if (!bits || address->unix_path.empty()) {
      return fail_at(
          mode->where, path + ".mode",
          bits ? "is for unix sockets" : "must be octal from 0000 to 0777, not " + found(*mode));
    }
    address->unix_mode = *bits;
  }
  return *std::move(address);
}

}  // namespace

Status read_listen(const Node& value, std::string_view path, Config& config) {
  if (value.kind == Node::Kind::kScalar) {
    auto address = read_address(value, path, false);
    if (!address) {
      return std::move(address).failure();
    }
    config.listen = {*std::move(address)};
    return Ok{};
  }
  if (value.kind != Node::Kind::kSequence || value.items.empty()) {
    const std::string got =
        value.items.empty() && value.kind == Node::Kind::kSequence ? "an empty one" : found(value);
    return fail_at(value.where, path, "must be a list of at least one address, not " + got);
  }
  std::vector<net::Address> addresses;
  for (const NodePtr& entry : value.items) {
    const std::string name = std::string(path) + "[" + std::to_string(addresses.size()) + "]";
    auto address = entry->kind == Node::Kind::kMap ? read_map(*entry, name)
                                                   : read_address(*entry, name, false);
    if (!address) {
      return std::move(address).failure();
    }
    addresses.push_back(*std::move(address));
  }
  config.listen = std::move(addresses);
  return Ok{};
}

std::string print_listen(const Config& config) {
  std::string out;
  for (const net::Address& address : config.listen) {
    if (address.unix_path.empty()) {
      out += "\n  - tcp: " + json::quoted(address.text());
    } else {
      out += "\n  - {unix: " + json::quoted(address.unix_path) +
             ", mode: " + print_octal(address.unix_mode) + "}";
    }
  }
  return out;
}

}  // namespace ringcast::config
