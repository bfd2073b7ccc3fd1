#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "admin/metrics.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "net/mailbox.h"
#include "net/tls_identity.h"
#include "server/services.h"

namespace ringcast::app {

// What an entry of `listen` shows; null without TLS. Errors and `notes` as net::TlsContext::load()
// has them; errors name the key as well.
Result<std::unique_ptr<net::TlsIdentity>> load_identity(const std::vector<config::Listen>& listen,
                                                        size_t index,
                                                        std::vector<std::string>& notes);

// Keeps the certificates of the listeners as they are on disk: connections that come later get the
// new ones, open ones go on. Files are read on a thread of its own.
class TlsRenewal {
 public:
  // Both outlive it.
  TlsRenewal(const std::vector<server::ServedListener>& listeners, net::Mailbox& mailbox, Log log);
  TlsRenewal(const TlsRenewal&) = delete;
  TlsRenewal& operator=(const TlsRenewal&) = delete;
  ~TlsRenewal();

  // Main loop: looks whether files have changed, and reads those.
  void look();
  // What is shown now, each file once.
  [[nodiscard]] std::vector<admin::CertificateSnapshot> certificates() const;
  // Reads all. Blocks: not for a loop's thread.
  void renew_all() const;

 private:
  void renew(net::TlsIdentity& identity) const;

  std::vector<net::TlsIdentity*> identities_;
  net::Mailbox& mailbox_;
  Log log_;
  std::thread reading_;
  bool is_reading_ = false;
};

}  // namespace ringcast::app
