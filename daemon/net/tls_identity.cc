#include "net/tls_identity.h"

#include <sys/stat.h>

#include <utility>

namespace ringcast::net {

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::load(const TlsOptions& options,
                                                       std::vector<std::string>& notes) {
  std::unique_ptr<TlsIdentity> identity(new TlsIdentity(options));  // NOLINT: a private constructor
  if (auto status = identity->renew(notes); !status) {
    return std::move(status).failure();
  }
  return identity;
}

std::shared_ptr<const TlsContext> TlsIdentity::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

bool TlsIdentity::has_changed() const {
  const Stamps now = stamps_now();
  const std::lock_guard lock(mutex_);
  return now != stamps_;
}

Status TlsIdentity::renew(std::vector<std::string>& notes) {
  // Before they are read: what is written meanwhile is another change.
  const Stamps stamps = stamps_now();
  auto loaded = TlsContext::load(options_, notes);
  const std::lock_guard lock(mutex_);
  stamps_ = stamps;
  if (!loaded) {
    return std::move(loaded).failure();
  }
  current_ = std::make_shared<const TlsContext>(*std::move(loaded));
  return Ok{};
}

TlsIdentity::Stamp TlsIdentity::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return {};
  }
  return {.inode = status.st_ino,
          .size = status.st_size,
          .seconds = status.st_mtim.tv_sec,
          .nanoseconds = status.st_mtim.tv_nsec};
}

TlsIdentity::Stamps TlsIdentity::stamps_now() const {
  return {stamp_of(options_.certificate), stamp_of(options_.key)};
}

}  // namespace ringcast::net
