#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/systemd.h"
#include "base/result.h"
#include "config/config.h"
#include "server/services.h"

namespace ringcast::app {

// A socket that systemd has passed, as far as it is matched by that.
struct PassedPlace {
  std::string name;
  net::Address address;
  bool is_stored = false;
};

// For each entry of `listen` the indices of the sockets that are passed for it: of an address at
// most one, of a name all that have it, at least one. Nothing else may be passed but what is in
// the store. Errors name the entry or the socket.
Result<std::vector<std::vector<size_t>>> match_places(const std::vector<config::Listen>& listen,
                                                      const std::vector<PassedPlace>& passed);

// Opens what the configuration names and systemd has not passed. `notes` is for the log.
Result<std::vector<server::ServedListener>> open_listeners(const config::Config& config,
                                                           std::vector<PassedSocket> passed,
                                                           std::vector<std::string>& notes);

// Others than this machine reach a listener only where it is said who may do what.
Status check_exposure(const std::vector<server::ServedListener>& listeners,
                      const config::Config& config);

}  // namespace ringcast::app
