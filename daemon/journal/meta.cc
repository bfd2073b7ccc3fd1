#include "journal/meta.h"

#include <array>
#include <string_view>
#include <utility>

namespace ringcast::journal {

namespace {

struct Number {
  std::string_view name;
  uint64_t Meta::*member;
};

constexpr std::array kNumbers = {
    Number{"reserved", &Meta::reserved},
    Number{"last", &Meta::last},
    Number{"life", &Meta::life},
    Number{"forgotten_high", &Meta::forgotten_high},
    Number{"forgotten_deleted_high", &Meta::forgotten_deleted_high},
    Number{"events", &Meta::events},
};

constexpr std::array kSyncNames = {
    std::pair{Sync::kAlways, std::string_view("always")},
    std::pair{Sync::kInterval, std::string_view("interval")},
    std::pair{Sync::kOff, std::string_view("off")},
};

void take(Meta& meta, std::string_view name, const Statement& row) {
  for (const Number& number : kNumbers) {
    if (name == number.name) {
      meta.*number.member = row.number(1);
    }
  }
  if (name == "epoch") {
    meta.epoch = row.bytes(1);
  } else if (name == "boot_id") {
    meta.boot_id = row.bytes(1);
  } else if (name == "last_time") {
    meta.last_time = row.signed_number(1);
  } else if (name == "clean") {
    meta.is_clean = row.number(1) != 0;
  } else if (name == "sync") {
    for (const auto& [sync, text] : kSyncNames) {
      meta.sync = row.bytes(1) == text ? sync : meta.sync;
    }
  }
}

}  // namespace

Result<Meta> read_meta(Database& database) {
  auto statement = database.prepare("SELECT name, value FROM meta");
  if (!statement) {
    return std::move(statement).failure();
  }
  Meta meta;
  Rows rows(*statement);
  while (rows.next()) {
    const std::string name(statement->bytes(0));
    take(meta, name, *statement);
  }
  if (!rows.is_done()) {
    return database.failure(rows.code());
  }
  return meta;
}

Status write_meta(Database& database, const Meta& meta) {
  auto statement = database.prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)");
  if (!statement) {
    return std::move(statement).failure();
  }
  int code = SQLITE_OK;
  const auto put = [&](std::string_view name, auto bind) {
    if (code == SQLITE_OK) {
      statement->bind_text(1, name);
      bind();
      code = statement->run();
    }
  };
  for (const Number& number : kNumbers) {
    // Through int64_t, so that a life keeps all its bits.
    put(number.name, [&] { statement->bind(2, static_cast<int64_t>(meta.*number.member)); });
  }
  put("last_time", [&] { statement->bind(2, meta.last_time); });
  put("clean", [&] { statement->bind(2, int64_t{meta.is_clean}); });
  put("epoch", [&] { statement->bind_text(2, meta.epoch); });
  put("boot_id", [&] { statement->bind_text(2, meta.boot_id); });
  for (const auto& [sync, text] : kSyncNames) {
    if (sync == meta.sync) {
      put("sync", [&, name = text] { statement->bind_text(2, name); });
    }
  }
  return checked(database, code);
}

}  // namespace ringcast::journal
