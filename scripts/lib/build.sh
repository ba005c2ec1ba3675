# Configures and builds one CMake preset. Sourced after common.sh and install.sh.

# What ninja says where there is nothing to build.
idle_lines='no work to do|Entering directory|Re-checking globbed directories'

# build_preset PRESET [TARGET...]: configures where that was not done yet, then builds. Ninja's own lines show progress.
build_preset() {
  local preset=$1
  shift
  local folder="$project_root/build/$preset"
  if [[ ! -f $folder/build.ninja ]]; then
    say "Configuring build/$preset"
    mkdir -p "$folder"
    (cd "$project_root" && cmake --preset "$preset" >"$folder/configure.log" 2>&1) || {
      cat "$folder/configure.log" >&2
      rm -f "$folder/build.ninja"
      die "CMake could not configure the preset $preset; what it said is above"
    }
  fi
  ninja -C "$folder" -j "$(jobs_at_once)" "$@" >&2 || die "building the preset $preset failed; the first error is above"
}

# rebuild_preset PRESET [TARGET...]: the same of a preset that was built before, without a word where nothing changed.
rebuild_preset() {
  local preset=$1
  shift
  ninja -C "$project_root/build/$preset" -j "$(jobs_at_once)" "$@" |
    { grep --line-buffered -vE "$idle_lines" >&2 || true; } ||
    die "building the preset $preset failed; the first error is above"
}
