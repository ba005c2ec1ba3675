# Reads what `ctest --verbose` wrote and prints "PASSED FAILED": test cases where the test program says how many it ran
# (GoogleTest, Python's unittest), else the program itself as one. A program that failed counts at least one failure.
/^[0-9]+: \[       OK \] / { ok[$1]++ }
/^[0-9]+: \[  FAILED  \] .*ms\)$/ { bad[$1]++ }
/^[0-9]+: Ran [0-9]+ tests? in / { ok[$1] += $3 }
/^[0-9]+: FAILED \((failures|errors)=/ {
  text = $0
  while (match(text, /(failures|errors)=[0-9]+/)) {
    number = substr(text, RSTART, RLENGTH)
    sub(/.*=/, "", number)
    bad[$1] += number
    ok[$1] -= number
    text = substr(text, RSTART + RLENGTH)
  }
}
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
  match($0, /#[0-9]+:/)
  key = substr($0, RSTART + 1, RLENGTH - 1)
  if ($0 ~ / Passed /) {
    passed += key in ok ? ok[key] : 1
  } else {
    failed += key in bad ? bad[key] : 1
    passed += key in ok ? ok[key] : 0
  }
}
END { print passed + 0, failed + 0 }
