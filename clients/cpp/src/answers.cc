#include "cpp/src/answers.h"

#include <optional>
#include <string>
#include <utility>

#include "cpp/src/json_members.h"

namespace ringcast::client {

Receipt read_receipt(std::string_view body) {
  Receipt receipt;
  std::optional<uint64_t> duplicates;
  each_member(body, [&](std::string_view name, Member& member) {
    if (name == "id" || name == "last_id") {
      member.read(receipt.id);
    } else if (name == "duplicate") {
      member.read(receipt.is_duplicate);
    } else if (name == "duplicates") {
      member.read(duplicates);
    }
  });
  receipt.is_duplicate = receipt.is_duplicate || duplicates.value_or(0) > 0;
  return receipt;
}

BatchReceipt read_batch_receipt(std::string_view body) {
  BatchReceipt receipt;
  std::optional<uint64_t> accepted;
  std::optional<uint64_t> duplicates;
  each_member(body, [&](std::string_view name, Member& member) {
    if (name == "accepted") {
      member.read(accepted);
    } else if (name == "duplicates") {
      member.read(duplicates);
    } else if (name == "first_id") {
      member.read(receipt.first_id);
    } else if (name == "last_id") {
      member.read(receipt.last_id);
    }
  });
  receipt.accepted = accepted.value_or(0);
  receipt.duplicates = duplicates.value_or(0);
  return receipt;
}

std::optional<Gap> read_gap(std::string_view body) {
  Gap gap;
  gap.data = body;
  const bool is_read = each_member(body, [&gap](std::string_view name, Member& member) {
    if (name == "reason") {
      member.read(gap.reason);
    } else if (name == "requested") {
      member.read(gap.requested);
    } else if (name == "resumed") {
      member.read(gap.resumed);
    } else if (name == "missed") {
      member.read(gap.missed);
    }
  });
  return is_read ? std::optional<Gap>(std::move(gap)) : std::nullopt;
}

}  // namespace ringcast::client
