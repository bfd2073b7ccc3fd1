#include "cli/messages.h"

#include <algorithm>
#include <cstdio>
#include <string>

namespace ringcast::cli {

void complain(std::string_view text) {
  std::string line = "ringcast: " + std::string(text);
  // Details come from afar: no control character of theirs reaches the terminal.
  std::replace_if(
      line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }, ' ');
  line.push_back('\n');
  std::fputs(line.c_str(), stderr);
}

}  // namespace ringcast::cli
