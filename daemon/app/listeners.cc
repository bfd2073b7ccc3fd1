#include "app/listeners.h"

#include <algorithm>
#include <utility>

#include "app/tls_renewal.h"
#include "auth/grants.h"
#include "base/json.h"

namespace ringcast::app {

namespace {

std::string described(const PassedPlace& place) {
  return place.address.text() + " (" + place.name + ")";
}

bool is_place_of(const config::Listen& entry, const PassedPlace& place) {
  if (!entry.systemd.empty()) {
    return !place.is_stored && place.name == entry.systemd;
  }
  const net::Address& address = entry.address;
  return address.host == place.address.host && address.port == place.address.port &&
         address.unix_path == place.address.unix_path;
}

Failure missing(const config::Listen& entry, size_t index, const std::vector<PassedPlace>& passed) {
  std::string others;
  for (const PassedPlace& place : passed) {
    others += (others.empty() ? "" : ", ") + described(place);
  }
  return fail(Errc::kInvalid,
              "listen[" + std::to_string(index) + "]: systemd has passed no socket named " +
                  json::quoted(entry.systemd) +
                  (others.empty() ? ": start its .socket unit, which has this FileDescriptorName="
                                  : ", but " + others));
}

// What systemd has passed for an entry, or else a socket of our own.
Result<std::vector<net::Listener>> listeners_of(const config::Listen& entry,
                                                const std::vector<size_t>& matched,
                                                std::vector<PassedSocket>& passed) {
  std::vector<net::Listener> listeners;
  listeners.reserve(matched.size() + 1);
  for (const size_t index : matched) {
    listeners.push_back(std::move(passed[index].listener));
  }
  if (matched.empty()) {
    auto listener = net::Listener::open(entry.address);
    if (!listener) {
      return std::move(listener).failure();
    }
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

// Gives an entry what is its own among what nobody has yet: all of a name, one of an address.
void take_places(const config::Listen& entry, const std::vector<PassedPlace>& passed,
                 std::vector<bool>& is_used, std::vector<size_t>& taken) {
  for (size_t j = 0; j < passed.size(); ++j) {
    const bool takes_more = !entry.systemd.empty() || taken.empty();
    if (takes_more && !is_used[j] && is_place_of(entry, passed[j])) {
      taken.push_back(j);
      is_used[j] = true;
    }
  }
}

// `listen` has changed since they were stored: their addresses are free for others.
void end_unmatched(const std::vector<std::vector<size_t>>& matched,
                   const std::vector<PassedSocket>& passed) {
  std::vector<bool> is_matched(passed.size(), false);
  for (const std::vector<size_t>& indices : matched) {
    for (const size_t index : indices) {
      is_matched[index] = true;
    }
  }
  for (size_t index = 0; index < passed.size(); ++index) {
    if (!is_matched[index]) {
      passed[index].listener.stop_listening();
    }
  }
}

}  // namespace

Result<std::vector<std::vector<size_t>>> match_places(const std::vector<config::Listen>& listen,
                                                      const std::vector<PassedPlace>& passed) {
  std::vector<std::vector<size_t>> matched(listen.size());
  std::vector<bool> is_used(passed.size(), false);
  // An address says more than a name.
  for (const bool by_name : {false, true}) {
    for (size_t i = 0; i < listen.size(); ++i) {
      if (by_name == !listen[i].systemd.empty()) {
        take_places(listen[i], passed, is_used, matched[i]);
      }
    }
  }
  for (size_t i = 0; i < listen.size(); ++i) {
    if (!listen[i].systemd.empty() && matched[i].empty()) {
      return missing(listen[i], i, passed);
    }
  }
  for (size_t j = 0; j < passed.size(); ++j) {
    if (!is_used[j] && !passed[j].is_stored) {
      return fail(Errc::kInvalid, "systemd has passed " + described(passed[j]) +
                                      ", which is not in `listen`: add it there, or take it out "
                                      "of the .socket unit");
    }
  }
  return matched;
}

Result<std::vector<server::ServedListener>> open_listeners(const config::Config& config,
                                                           std::vector<PassedSocket> passed,
                                                           std::vector<std::string>& notes) {
  std::vector<PassedPlace> places;
  places.reserve(passed.size());
  for (const PassedSocket& socket : passed) {
    places.push_back({socket.name, socket.listener.address(), socket.is_stored});
  }
  auto matched = match_places(config.listen, places);
  if (!matched) {
    return std::move(matched).failure();
  }
  end_unmatched(*matched, passed);
  std::vector<server::ServedListener> listeners;
  for (size_t i = 0; i < config.listen.size(); ++i) {
    const config::Listen& entry = config.listen[i];
    auto sockets = listeners_of(entry, (*matched)[i], passed);
    if (!sockets) {
      return std::move(sockets).failure();
    }
    for (net::Listener& socket : *sockets) {
      auto identity = load_identity(config.listen, i, notes);
      if (!identity) {
        return std::move(identity).failure();
      }
      const net::Address& address = socket.address();
      const bool is_unix = !address.unix_path.empty();
      const bool is_passed = !(*matched)[i].empty();
      const server::Listening listening{.is_local = address.is_local(),
                                        .is_unix = is_unix,
                                        // A unix socket's path ends with its process.
                                        .is_kept = is_passed || (is_notified() && !is_unix),
                                        .serves_public = entry.serves_public,
                                        .serves_admin = entry.serves_admin,
                                        .tls = identity->get()};
      listeners.push_back({std::move(socket), listening, std::move(*identity)});
    }
  }
  if (Status exposed = check_exposure(listeners, config); !exposed) {
    return std::move(exposed).failure();
  }
  return listeners;
}

Status check_exposure(const std::vector<server::ServedListener>& listeners,
                      const config::Config& config) {
  const auto is_open = [](const server::ServedListener& each) { return !each.listening.is_local; };
  const auto exposed = std::find_if(listeners.begin(), listeners.end(), is_open);
  if (exposed == listeners.end() || config.server.mercure.enabled) {
    return Ok{};
  }
  if (Status said = auth::check_open_to_others(config.auth); !said) {
    return fail(Errc::kInvalid, exposed->listener.address().text() +
                                    " can be reached from other machines, but " +
                                    said.error().detail);
  }
  return Ok{};
}

}  // namespace ringcast::app
