#include "app/tls_renewal.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace ringcast::app {

Result<std::unique_ptr<net::TlsIdentity>> load_identity(const std::vector<config::Listen>& listen,
                                                        size_t index,
                                                        std::vector<std::string>& notes) {
  const std::optional<net::TlsOptions>& options = listen[index].tls;
  if (!options) {
    return std::unique_ptr<net::TlsIdentity>();
  }
  auto identity = net::TlsIdentity::load(*options, notes);
  if (!identity) {
    const Error& error = identity.error();
    return fail(error.code, "listen[" + std::to_string(index) + "].tls" +
                                (error.field.empty() ? "" : "." + error.field) + ": " +
                                error.detail);
  }
  return identity;
}

TlsRenewal::TlsRenewal(const std::vector<server::ServedListener>& listeners, net::Mailbox& mailbox,
                       Log log)
    : mailbox_(mailbox), log_(std::move(log)) {
  for (const server::ServedListener& served : listeners) {
    if (served.identity) {
      identities_.push_back(served.identity.get());
    }
  }
}

TlsRenewal::~TlsRenewal() {
  if (reading_.joinable()) {
    reading_.join();
  }
}

void TlsRenewal::look() {
  const auto has_changed = [](const net::TlsIdentity* each) { return each->has_changed(); };
  if (is_reading_ || std::none_of(identities_.begin(), identities_.end(), has_changed)) {
    return;
  }
  if (reading_.joinable()) {
    reading_.join();
  }
  is_reading_ = true;
  reading_ = std::thread([this, has_changed] {
    for (net::TlsIdentity* identity : identities_) {
      if (has_changed(identity)) {
        renew(*identity);
      }
    }
    mailbox_.post([this] { is_reading_ = false; });
  });
}

std::vector<admin::CertificateSnapshot> TlsRenewal::certificates() const {
  std::map<std::string, int64_t> expiries;
  for (const net::TlsIdentity* identity : identities_) {
    expiries[identity->options().certificate] = identity->current()->expires_unix_s();
  }
  std::vector<admin::CertificateSnapshot> all;
  all.reserve(expiries.size());
  for (const auto& [file, expires_unix_s] : expiries) {
    all.push_back({.file = file, .expires_unix_s = expires_unix_s});
  }
  return all;
}

void TlsRenewal::renew_all() const {
  for (net::TlsIdentity* identity : identities_) {
    renew(*identity);
  }
}

void TlsRenewal::renew(net::TlsIdentity& identity) const {
  std::vector<std::string> notes;
  const Status renewed = identity.renew(notes);
  if (!renewed) {
    log_({LogLevel::kError,
          "a listener's certificate cannot be read: the old one stays",
          {{"error", renewed.error().detail}},
          "tls"});
    return;
  }
  for (const std::string& note : notes) {
    log_({LogLevel::kWarn, note, {}, "tls"});
  }
  log_({LogLevel::kInfo, "certificate read", {{"file", identity.options().certificate}}, "tls"});
}

}  // namespace ringcast::app
