#include "cpp/src/json_members.h"

namespace ringcast::client {

void Member::read(std::string& out) {
  if (kind_ != json::Value::Kind::kString) {
    return;
  }
  is_read_ = true;
  if (auto text = value_.string()) {
    out = *text;
  }
}

void Member::read(std::optional<uint64_t>& out) {
  if (kind_ != json::Value::Kind::kNumber) {
    return;
  }
  is_read_ = true;
  if (auto number = value_.whole_number()) {
    out = *number;
  }
}

void Member::read(bool& out) {
  if (kind_ != json::Value::Kind::kBool) {
    return;
  }
  is_read_ = true;
  if (auto truth = value_.boolean()) {
    out = *truth;
  }
}

bool each_member(std::string_view body,
                 const std::function<void(std::string_view name, Member& member)>& visit) {
  json::Reader reader;
  const auto read = reader.read(body, [&visit](json::Value& root) {
    return root.each_field([&visit](std::string_view name, json::Value& value) -> Status {
      Member member(value);
      visit(name, member);
      std::string skipped;
      return member.is_read_ ? Status(Ok{}) : value.append_minified(skipped);
    });
  });
  return read.has_value();
}

}  // namespace ringcast::client
