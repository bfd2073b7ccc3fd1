#include "auth/source.h"

#include "auth/digest.h"

namespace ringcast::auth {

std::string joined(const std::vector<std::string>& texts) {
  std::string out = std::to_string(texts.size()) + ":";
  for (const std::string& text : texts) {
    out.append(std::to_string(text.size())).append(":").append(text);
  }
  return out;
}

uint64_t source_of(const std::vector<std::string>& parts) {
  return short_form(sha256(joined(parts)));
}

}  // namespace ringcast::auth
