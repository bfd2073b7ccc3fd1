#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "app/web_fetch.h"
#include "auth/jwk_set.h"
#include "auth/jwt_key.h"
#include "auth/jwt_options.h"
#include "base/log.h"

namespace ringcast::app {

// Reads the JWKS that auth.jwt.jwks names again and again, on a thread of its own: a URL at once, a
// file (which was read at the start) after `refresh`. What cannot be read changes nothing, is
// logged, and is tried again soon. Owned by the Daemon; destroying it takes no longer than a turn.
class JwksSource {
 public:
  // Gets all keys of auth.jwt, also those that stand alone, whenever they are others than before.
  // On the source's thread.
  using OnKeys = std::function<void(auth::JwtKeys keys)>;

  // `keys` is what read_jwt_keys() gave for these options, which name a JWKS.
  JwksSource(auth::JwtOptions options, auth::JwtKeys keys, Log log, OnKeys on_keys);
  JwksSource(const JwksSource&) = delete;
  JwksSource& operator=(const JwksSource&) = delete;
  ~JwksSource();

 private:
  void run();
  // False when it is time to end.
  bool wait(int64_t ms);
  Result<auth::JwkSet> read();
  void take(const auth::JwkSet& set);

  const auth::JwtOptions options_;
  auth::JwtKeys keys_;  // The thread's.
  Log log_;
  OnKeys on_keys_;
  WebFetch fetch_;
  std::mutex mutex_;  // Guards is_ending_.
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread thread_;  // Last: it uses all of them.
};

}  // namespace ringcast::app
