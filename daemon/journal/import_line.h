#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "sse/event.h"

namespace ringcast::journal {

struct ImportedLine {
  std::optional<int64_t> time_ms;
  std::unique_ptr<sse::Event> event;  // Not sealed yet.
};

// Reads the lines that export writes, by the rules of publishing (docs/http-api.md). Pure.
class ImportLineReader {
 public:
  // `epoch`: publishers' ids must not look like ids of it.
  explicit ImportLineReader(std::string epoch) : epoch_(std::move(epoch)) {}

  // kInvalid, kTooLarge with the field that is wrong.
  Result<ImportedLine> read(std::string_view line);

 private:
  struct Fields;
  static Status read_field(Fields& fields, std::string_view name, json::Value& value);
  Result<ImportedLine> make(Fields& fields) const;

  std::string epoch_;
  json::Reader reader_;
};

}  // namespace ringcast::journal
