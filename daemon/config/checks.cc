#include "config/checks.h"

#include <algorithm>
#include <string>
#include <utility>

#include "auth/grants.h"
#include "base/json.h"
#include "config/units.h"
#include "topics/name.h"

namespace ringcast::config {

namespace {

// The value of a key, for a message about it.
struct Amount {
  std::string_view path;
  uint64_t bytes;
};

// The assignment that won, if the key was set at all.
const Assignment* last_of(std::span<const Assignment> assignments, std::string_view path) {
  const Assignment* last = nullptr;
  for (const Assignment& assignment : assignments) {
    if (assignment.key->path == path) {
      last = &assignment;
    }
  }
  return last;
}

bool is_same_place(const Listen& one, const Listen& other) {
  if (!one.systemd.empty() || !other.systemd.empty()) {
    return one.systemd == other.systemd;
  }
  const net::Address& a = one.address;
  const net::Address& b = other.address;
  const bool is_any_port = a.unix_path.empty() && a.port == 0;
  return !is_any_port && a.host == b.host && a.port == b.port && a.unix_path == b.unix_path;
}

Status check_listen(const Config& config, const Assignment& assignment) {
  const Node& value = *assignment.value;
  for (size_t i = 0; i < config.listen.size(); ++i) {
    const bool is_list = value.kind == Node::Kind::kSequence;
    const Where& where = is_list ? value.items[i]->where : value.where;
    const std::string path = is_list ? "listen[" + std::to_string(i) + "]" : "listen";
    const Listen& listen = config.listen[i];
    const net::Address& address = listen.address;
    const auto is_same = [&](const Listen& other) { return is_same_place(listen, other); };
    const auto end = config.listen.begin() + static_cast<ptrdiff_t>(i);
    if (std::any_of(config.listen.begin(), end, is_same)) {
      return fail_at(where, path,
                     (listen.systemd.empty() ? address.text() : json::quoted(listen.systemd)) +
                         " is there twice");
    }
    // What systemd passes is known when it is there.
    if (!listen.systemd.empty() || address.is_local()) {
      continue;
    }
    if (config.server.mercure.enabled) {
      continue;  // There is something to be had with its tokens, or it says that it needs none.
    }
    if (auto status = auth::check_open_to_others(config.auth); !status) {
      return fail_at(
          where, path,
          address.text() + " can be reached from other machines, but " + status.error().detail);
    }
  }
  return Ok{};
}

// `part` may be at most one `share`th of `whole`, and `name` says so: "a quarter of ".
Status check_share(const Amount& part, const Amount& whole, uint64_t share, std::string_view name,
                   std::span<const Assignment> assignments) {
  if (part.bytes <= whole.bytes / share) {
    return Ok{};
  }
  const Assignment* part_set = last_of(assignments, part.path);
  const Assignment* set = part_set != nullptr ? part_set : last_of(assignments, whole.path);
  const auto shown = [set](const Amount& amount) {
    const std::string size = print_size(amount.bytes);
    return amount.path == set->path ? size : std::string(amount.path) + " (" + size + ")";
  };
  return fail_at(set->value->where, set->path,
                 shown(part) + " must be at most " + std::string(name) + shown(whole));
}

Status check_shares(const Config& config, std::span<const Assignment> assignments) {
  const Amount body{"limits.body", config.server.limits.body_bytes};
  const Amount memory{"memory", config.server.memory_bytes};
  // Each webhook holds up to two batches, and those of all may take a half: what receivers that
  // hang hold must not keep publishers out.
  Amount batches{"webhooks", 0};
  for (const webhooks::Options& webhook : config.webhooks) {
    batches.bytes += 2 * webhook.batch_bytes;
  }
  if (batches.bytes > memory.bytes / 2) {
    return fail_at(last_of(assignments, "webhooks")->value->where, "webhooks",
                   "two times batch_bytes of all together (" + print_size(batches.bytes) +
                       ") must be at most half of memory (" + print_size(memory.bytes) + ")");
  }
  // One event must not be able to take the whole budget.
  if (auto status = check_share(body, memory, 4, "a quarter of ", assignments); !status) {
    return status;
  }
  if (config.journal.path.empty()) {
    return Ok{};
  }
  const Amount pending{"journal.pending", config.journal.pending_bytes};
  if (auto status = check_share(pending, memory, 1, "", assignments); !status) {
    return status;
  }
  const Amount disk{"journal.retain.bytes", config.journal.max_bytes};
  return check_share(body, disk, 16, "a sixteenth of ", assignments);
}

Status check_proxies(const Config& config, std::span<const Assignment> assignments) {
  const server::ProxyOptions& proxies = config.server.proxies;
  const bool has_tls = std::any_of(config.listen.begin(), config.listen.end(),
                                   [](const Listen& each) { return each.tls.has_value(); });
  if (proxies.has_protocol && has_tls) {
    const Assignment* set = last_of(assignments, "proxies.protocol");
    return fail_at(set->value->where, set->path,
                   "the PROXY protocol is understood on listeners without TLS only");
  }
  if (!proxies.has_protocol || !proxies.trusted.empty() || proxies.trusts_unix) {
    return Ok{};
  }
  const Assignment* set = last_of(assignments, "proxies.protocol");
  return fail_at(set->value->where, set->path,
                 "nobody is trusted to speak the PROXY protocol: list the proxies in "
                 "proxies.trusted");
}

// The assignment to a key, or where it has none, the last one in its section.
const Assignment* nearest_to(std::span<const Assignment> assignments, std::string_view field) {
  const Assignment* near = nullptr;
  const std::string_view section = field.starts_with("mercure.")   ? "mercure."
                                   : field.starts_with("auth.jwt") ? "auth.jwt."
                                                                   : "auth.";
  for (const Assignment& assignment : assignments) {
    const std::string_view path = assignment.key->path;
    const bool is_found = near != nullptr && field.starts_with(near->key->path);
    if (field.starts_with(path) || (!is_found && path.starts_with(section))) {
      near = &assignment;
    }
  }
  return near;
}

Status check_auth(const Config& config, std::span<const Assignment> assignments) {
  const std::vector<std::string>& origins = config.server.cors_origins;
  if (!config.auth.jwt.cookie.empty() && !origins.empty() && origins.front() == "*") {
    return fail_at(last_of(assignments, "auth.jwt.cookie")->value->where, "auth.jwt.cookie",
                   "with cors.origins: [\"*\"] every page could publish with the cookies of its "
                   "visitors: list the origins");
  }
  auto status = auth::check_options(config.auth);
  if (status) {
    return status;
  }
  const Error& error = status.error();
  const Assignment* near = nearest_to(assignments, error.field);
  return near == nullptr ? std::move(status)
                         : fail_at(near->value->where, error.field, error.detail);
}

Status check_mercure(const Config& config, std::span<const Assignment> assignments) {
  const mercure::Options& options = config.server.mercure;
  const std::vector<std::string>& origins = options.publish_origins;
  if (!origins.empty() && origins.front() == "*" && !options.cookie.empty()) {
    return fail_at(last_of(assignments, "mercure.publish_origins")->value->where,
                   "mercure.publish_origins",
                   "with \"*\" every page could publish with the cookies of its visitors: list the "
                   "origins, or set mercure.cookie to \"\"");
  }
  auto status = mercure::check_options(options);
  if (status) {
    return status;
  }
  const Assignment* near = nearest_to(assignments, status.error().field);
  return near == nullptr ? std::move(status)
                         : fail_at(near->value->where, status.error().field, status.error().detail);
}

// A webhook that waits for what is never told would be silent.
Status check_webhooks(const Config& config, std::span<const Assignment> assignments) {
  const std::vector<std::string>& named = config.server.presence;
  for (size_t i = 0; i < config.webhooks.size(); ++i) {
    const webhooks::Options& webhook = config.webhooks[i];
    if (!webhook.sends_join && !webhook.sends_leave) {
      continue;
    }
    for (const std::string& topic : webhook.topics) {
      if (std::none_of(named.begin(), named.end(), [&](const std::string& pattern) {
            return topics::covers(pattern, topic);
          })) {
        const Assignment* set = last_of(assignments, "webhooks");
        return fail_at(set->value->items[i]->where, "webhooks[" + std::to_string(i) + "].topics",
                       json::quoted(topic) +
                           " has no joins and leaves to tell of: list it in presence, or leave "
                           "them out of events");
      }
    }
  }
  return Ok{};
}

}  // namespace

Status check_together(const Config& config, std::span<const Assignment> assignments) {
  if (const Assignment* listen = last_of(assignments, "listen"); listen != nullptr) {
    if (auto status = check_listen(config, *listen); !status) {
      return status;
    }
  }
  if (auto status = check_proxies(config, assignments); !status) {
    return status;
  }
  if (auto status = check_auth(config, assignments); !status) {
    return status;
  }
  if (auto status = check_mercure(config, assignments); !status) {
    return status;
  }
  if (auto status = check_webhooks(config, assignments); !status) {
    return status;
  }
  return check_shares(config, assignments);
}

}  // namespace ringcast::config
