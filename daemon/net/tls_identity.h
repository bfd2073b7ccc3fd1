#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls_context.h"

namespace ringcast::net {

// The certificate and the key of a listener as they are on disk: read at the start, and again when
// they are renewed. Thread-safe.
class TlsIdentity {
 public:
  // Errors and `notes` as TlsContext::load() has them.
  static Result<std::unique_ptr<TlsIdentity>> load(const TlsOptions& options,
                                                   std::vector<std::string>& notes);
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;
  ~TlsIdentity() = default;

  // For new connections. Never null.
  [[nodiscard]] std::shared_ptr<const TlsContext> current() const;
  // The files are not those that were read last, well or not.
  [[nodiscard]] bool has_changed() const;
  // Reads them again. When that fails, what was there stays.
  Status renew(std::vector<std::string>& notes);
  [[nodiscard]] const TlsOptions& options() const noexcept { return options_; }

 private:
  // What tells that a file was written or replaced.
  struct Stamp {
    uint64_t inode = 0;
    int64_t size = -1;  // -1: there is none.
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 2>;

  explicit TlsIdentity(TlsOptions options) : options_(std::move(options)) {}
  static Stamp stamp_of(const std::string& path);
  [[nodiscard]] Stamps stamps_now() const;

  const TlsOptions options_;
  mutable std::mutex mutex_;
  Stamps stamps_;                              // guarded by mutex_
  std::shared_ptr<const TlsContext> current_;  // guarded by mutex_
};

}  // namespace ringcast::net
