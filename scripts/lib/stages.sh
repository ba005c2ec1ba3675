# The stages of scripts/test, from cheap to expensive. Each is a function that writes to standard output, leaves its
# counts in `passed` and `failed`, and fails only through them. Sourced after common.sh, install.sh and build.sh.

stage_names=(install format release tests load lint clients asan tsan)
declare -A stage_minutes=([install]=4 [format]=1 [release]=8 [tests]=9 [load]=3 [lint]=3 [clients]=10 [asan]=10 [tsan]=10)
declare -A stage_needs=([tests]=release [load]=release [lint]=release [clients]=release)

# Runs a command as the one check of a stage.
one_check() {
  if "$@"; then passed=1; else failed=1; fi
}

# run_ctest PRESET ARGS...: runs tests of a built preset and counts their cases.
run_ctest() {
  local preset=$1 log
  shift
  log=$(mktemp)
  ctest --test-dir "$project_root/build/$preset" --verbose --no-tests=error "$@" 2>&1 | tee "$log" || true
  read -r passed failed < <(awk -f "$project_root/scripts/lib/count_tests.awk" "$log")
  # A run that ran nothing is no success.
  ((passed + failed > 0)) || failed=1
  rm -f "$log"
}

stage_install() { one_check eval '(install_packages "${packages_to_build[@]}" "${packages_to_test[@]}")'; }

cpp_files() { find "$project_root"/{src,include,bench,tests} -name '*.h' -o -name '*.cc'; }

stage_format() {
  local file
  if cpp_files | xargs clang-format-19 --dry-run --Werror 2>/dev/null; then
    passed=1
    return 0
  fi
  failed=1
  cpp_files | while read -r file; do
    clang-format-19 "$file" | cmp -s - "$file" || printf 'error: not formatted, run clang-format-19 -i on %s\n' "$file"
  done
}

stage_release() { one_check eval '(build_preset release 2>&1)'; }

stage_tests() { run_ctest release --label-exclude load; }

stage_load() { run_ctest release --label-regex load; }

# The commit to compare with: what was given, else where this branch left the main one, else the last commit but one.
lint_base() {
  local git=(git -c "safe.directory=$project_root" -C "$project_root") base
  if [[ -n $base_ref ]]; then
    echo "$base_ref"
    return
  fi
  base=$("${git[@]}" merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == $("${git[@]}" rev-parse HEAD) ]]; then
    base=$("${git[@]}" rev-parse --verify --quiet HEAD~1 || "${git[@]}" rev-parse HEAD)
  fi
  echo "$base"
}

# C++ sources to look at: all, or those that changed, with the source beside a header that did.
files_to_lint() {
  if [[ $tidy_all == yes ]]; then
    cpp_files | grep '\.cc$'
    return
  fi
  (
    cd "$project_root"
    {
      git -c "safe.directory=$project_root" diff --name-only --diff-filter=d "$(lint_base)" --
      git -c "safe.directory=$project_root" ls-files --others --exclude-standard
    } | grep -E '^(src|bench|tests)/.*\.(cc|h)$' | sed 's/\.h$/.cc/' | sort -u | while read -r file; do
      [[ ! -f $file ]] || echo "$project_root/$file"
    done
  ) || true
}

stage_lint() {
  local -a files
  local file
  mapfile -t files < <(files_to_lint)
  printf '%s files to look at\n' "${#files[@]}"
  ((${#files[@]} > 0)) || return 0
  export project_root
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(jobs_at_once)" bash -c '
    if output=$(clang-tidy-19 --quiet -p "$project_root/build/release" "$1" 2>/dev/null); then
      echo "clean: $1"
    else
      printf "%s\nnot clean: %s\n" "$output" "$1"
    fi' lint >"$logs/lint.files" || true
  cat "$logs/lint.files"
  passed=$(grep -c '^clean: ' "$logs/lint.files" || true)
  failed=$((${#files[@]} - passed))
}

stage_clients() {
  local log="$logs/clients.output" code=0
  "$project_root/scripts/clients" >"$log" 2>&1 || code=$?
  cat "$log"
  read -r passed failed < <(awk '/^[0-9]+ passed, [0-9]+ failed$/ { p = $1; f = $3 } END { print p + 0, f + 0 }' "$log")
  ((code == 0 || failed > 0)) || failed=1
}

# Unit and contract tests under a sanitizer, which ends a test at its first finding.
sanitized() {
  local symbolizer=/usr/bin/llvm-symbolizer-19
  if ! (build_preset "$1" 2>&1); then
    failed=1
    return 0
  fi
  ASAN_OPTIONS="detect_stack_use_after_return=1:external_symbolizer_path=$symbolizer" \
    UBSAN_OPTIONS="print_stacktrace=1:external_symbolizer_path=$symbolizer" \
    TSAN_OPTIONS="second_deadlock_stack=1:halt_on_error=1:external_symbolizer_path=$symbolizer" \
    run_ctest "$1" --label-regex 'unit|contract'
}

stage_asan() { sanitized asan; }
stage_tsan() { sanitized tsan; }
