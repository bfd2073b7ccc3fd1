# Sums the summaries of doctest, unittest, node --test (TAP), `go test -v` and `check` lines: prints "passed failed".
function number_after(name) {
  return match($0, name "=[0-9]+") ? substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) : 0
}
/^\[doctest\] test cases:/ { passed += $6; failed += $9 }
/^Ran [0-9]+ tests? in / { ran = $2 }
/^OK( |$)/ || /^FAILED \(/ {
  bad = number_after("failures") + number_after("errors") + number_after("unexpected successes")
  passed += ran - bad - number_after("skipped")
  failed += bad
  ran = 0
}
/^# pass [0-9]+$/ { passed += $3 }
/^# (fail|cancelled) [0-9]+$/ { failed += $3 }
/^--- PASS: / { passed++ }
/^--- FAIL: / { failed++ }
/^check [^ ]+: passed$/ { passed++ }
/^check [^ ]+: failed$/ { failed++ }
END { print passed + 0, failed + 0 }
