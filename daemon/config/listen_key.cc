#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/composite_keys.h"
#include "config/string_list.h"
#include "config/tls_key.h"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 6> kEntryKeys = {"tcp",  "unix",  "systemd",
                                                        "mode", "serve", "tls"};
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

Status check_served(std::string_view name) {
  if (name == "public" || name == "admin") {
    return Ok{};
  }
  return fail(Errc::kInvalid, "must be public or admin");
}

Status read_served(const Node& value, const std::string& path, Listen& listen) {
  auto names = read_strings(value, path, check_served);
  if (!names) {
    return std::move(names).failure();
  }
  const auto has = [&](std::string_view name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  listen.serves_public = has("public");
  listen.serves_admin = has("admin");
  return names->empty() ? Status(fail_at(value.where, path, "must name public, admin or both"))
                        : Status(Ok{});
}

Result<uint32_t> read_mode(const Node& mode, const std::string& path, bool is_unix) {
  const auto bits = mode.kind == Node::Kind::kScalar ? parse_octal(mode.scalar) : std::nullopt;
  if (!bits || !is_unix) {
    return fail_at(
        mode.where, path,
        bits ? "is for unix sockets" : "must be octal from 0000 to 0777, not " + found(mode));
  }
  return *bits;
}

// Where an entry listens.
Status read_place(const Node& value, const std::string& path, std::string_view kind,
                  Listen& listen) {
  if (kind == "systemd") {
    if (value.kind != Node::Kind::kScalar || value.scalar.empty()) {
      return fail_at(value.where, path,
                     "must be the FileDescriptorName of a .socket unit, not " + found(value));
    }
    listen.systemd = value.scalar;
    return Ok{};
  }
  auto address = read_address(value, path, kind == "unix");
  if (!address) {
    return std::move(address).failure();
  }
  if (kind == "tcp" && !address->unix_path.empty()) {
    return fail_at(value.where, path, "a unix socket is written {unix: /path}");
  }
  listen.address = *std::move(address);
  return Ok{};
}

Failure refuse_entry(const Where& where, const std::string& path, std::string_view name) {
  const std::string near = nearest(name, kEntryKeys);
  return fail_at(where, path,
                 "unknown key " + json::quoted(name) +
                     (near.empty() ? "; known here: tcp, unix, systemd, mode, serve, tls"
                                   : "; did you mean " + near + "?"));
}

Result<Listen> read_map(const Node& entry, const std::string& path) {
  Listen listen;
  bool has_address = false;
  const Node* mode = nullptr;
  for (const auto& [name, where, value] : entry.entries) {
    const std::string below = std::string(path).append(".").append(name);
    if (name == "mode") {
      mode = value.get();
      continue;
    }
    if (name == "serve") {
      if (Status served = read_served(*value, below, listen); !served) {
        return std::move(served).failure();
      }
      continue;
    }
    if (name == "tls") {
      auto tls = read_tls(*value, below);
      if (!tls) {
        return std::move(tls).failure();
      }
      listen.tls = *std::move(tls);
      continue;
    }
    if (name != "tcp" && name != "unix" && name != "systemd") {
      return refuse_entry(where, path, name);
    }
    if (std::exchange(has_address, true)) {
      return fail_at(where, path, "one address for each entry: either tcp, unix or systemd");
    }
    if (Status read = read_place(*value, below, name, listen); !read) {
      return std::move(read).failure();
    }
  }
  if (!has_address) {
    return fail_at(entry.where, path, "needs tcp, unix or systemd");
  }
  if (mode != nullptr) {
    const auto bits = read_mode(*mode, path + ".mode", !listen.address.unix_path.empty());
    if (!bits) {
      return Failure{bits.error()};
    }
    listen.address.unix_mode = *bits;
  }
  return listen;
}

Result<Listen> read_entry(const Node& entry, const std::string& path) {
  if (entry.kind == Node::Kind::kMap) {
    return read_map(entry, path);
  }
  auto address = read_address(entry, path, false);
  if (!address) {
    return std::move(address).failure();
  }
  return Listen{.address = *std::move(address)};
}

std::string print_place(const Listen& listen) {
  const net::Address& address = listen.address;
  if (!listen.systemd.empty()) {
    return "systemd: " + json::quoted(listen.systemd);
  }
  if (address.unix_path.empty()) {
    return "tcp: " + json::quoted(address.text());
  }
  return "unix: " + json::quoted(address.unix_path) + ", mode: " + print_octal(address.unix_mode);
}

std::string print_served(const Listen& listen) {
  if (listen.serves_public && listen.serves_admin) {
    return {};
  }
  return listen.serves_public ? ", serve: [public]" : ", serve: [admin]";
}

}  // namespace

Status read_listen(const Node& value, std::string_view path, Config& config) {
  if (value.kind == Node::Kind::kScalar) {
    auto listen = read_entry(value, std::string(path));
    if (!listen) {
      return std::move(listen).failure();
    }
    config.listen = {*std::move(listen)};
    return Ok{};
  }
  if (value.kind != Node::Kind::kSequence || value.items.empty()) {
    const std::string got =
        value.items.empty() && value.kind == Node::Kind::kSequence ? "an empty one" : found(value);
    return fail_at(value.where, path, "must be a list of at least one address, not " + got);
  }
  std::vector<Listen> listeners;
  for (const NodePtr& entry : value.items) {
    auto listen =
        read_entry(*entry, std::string(path) + "[" + std::to_string(listeners.size()) + "]");
    if (!listen) {
      return std::move(listen).failure();
    }
    listeners.push_back(*std::move(listen));
  }
  config.listen = std::move(listeners);
  return Ok{};
}

std::string print_listen(const Config& config) {
  std::string out;
  for (const Listen& listen : config.listen) {
    out += "\n  - {" + print_place(listen);
    out += print_served(listen) + print_tls(listen.tls) + "}";
  }
  return out;
}

}  // namespace ringcast::config
