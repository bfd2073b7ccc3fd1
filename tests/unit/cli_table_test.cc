#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "cli/table.h"

namespace ringcast::cli::cli_table_test {

TEST_CASE("cli: columns are aligned by characters, numbers to the right") {
  Table table({{"NAME"}, {"N", true}, {"LAST"}});
  table.add({"\xC3\xA4\xC3\xB6\xC3\xBCxyz", "5", "-"});
  table.add({"a", "100", "end"});
  CHECK(table.text() ==
        "NAME      N  LAST\n"
        "\xC3\xA4\xC3\xB6\xC3\xBCxyz    5  -\n"
        "a       100  end\n");
}

TEST_CASE("cli: a table without rows has its titles") {
  CHECK(Table({{"NAME"}, {"N", true}}).text() == "NAME  N\n");
}

TEST_CASE("cli: text for one line has no control characters") {
  CHECK(one_line("a\nb\tc\\d") == "a\\nb\\tc\\\\d");
  CHECK(one_line(std::string_view("\0\x1b[31m\x7f\r", 8)) == "\\x00\\x1b[31m\\x7f\\x0d");
  CHECK(one_line("\xC3\xA4 plain") == "\xC3\xA4 plain");
}

}  // namespace ringcast::cli::cli_table_test
