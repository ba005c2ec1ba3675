# Configures and builds one CMake preset. Sourced after common.sh and install.sh.

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
