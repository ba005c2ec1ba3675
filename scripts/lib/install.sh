# Installs Debian packages that are missing, and nothing else. Sourced after common.sh.

# What building takes: compiler and tools, then libraries. Boost is 1.81 by name, since Debian 12's default is 1.74.
packages_to_build=(
  clang-19 lld-19 cmake ninja-build ccache
  libboost1.81-dev libssl-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libtomlplusplus-dev
  protobuf-compiler libprotobuf-dev librocksdb-dev libdeflate-dev libgtest-dev libgmock-dev
)
# What the tests take beside that: sanitizers' runtimes, the checkers of the source, and Python for tests of the process.
packages_to_test=(libclang-rt-19-dev llvm-19 clang-tidy-19 clang-format-19 python3)

# Those of the given packages that are not installed, one a line.
missing_packages() {
  local installed
  installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
    awk '$2 == "installed" { print $1 }' || true)
  LC_ALL=C comm -23 <(printf '%s\n' "$@" | LC_ALL=C sort -u) <(printf '%s\n' "$installed" | LC_ALL=C sort -u)
}

# Runs a command as root.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo -- "$@"
  fi
}

# Says, of packages that apt would not install, which one it is and why: an installed package in the way, or apt's error.
explain_failed_install() {
  local package plan removed
  for package in "$@"; do
    if ! plan=$(LC_ALL=C apt-get --simulate --no-remove --no-install-recommends install "$package" 2>&1); then
      removed=$(LC_ALL=C apt-get --simulate --no-install-recommends install "$package" 2>/dev/null |
        awk '$1 == "Remv" { printf "%s%s", (n++ ? ", " : ""), $2 }' || true)
      if [[ -n $removed ]]; then
        die "cannot install $package: it conflicts with what is installed ($removed). Nothing was changed." \
          "Remove that first if you can spare it: apt-get remove ${removed//,/}"
      fi
      die "cannot install $package: $(grep -m1 '^E:' <<<"$plan" || tail -n1 <<<"$plan")"
    fi
  done
  die "installing failed although each package could be installed alone; apt's own message is above. Wanted: $*"
}

update_package_lists() {
  as_root apt-get update --quiet --quiet >&2 || die "apt-get update failed; the packages wanted were: $*"
}

# Installs what is missing of the given packages. Asks apt for nothing where nothing is.
install_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  say "Installing from Debian: ${missing[*]}"
  command -v apt-get >/dev/null ||
    die "this machine has no apt-get; install the equivalents of these Debian 12 packages: ${missing[*]}"
  ((EUID == 0)) || command -v sudo >/dev/null ||
    die "installing needs root and there is no sudo; as root, run: apt-get install --no-remove ${missing[*]}"

  # Lists that are fresh save the time of an update; where they do not lead to an installation they are fetched once.
  local -a options=(--no-remove --no-install-recommends)
  if ! apt-get --simulate "${options[@]}" install "${missing[@]}" >/dev/null 2>&1; then
    update_package_lists "${missing[@]}"
    apt-get --simulate "${options[@]}" install "${missing[@]}" >/dev/null 2>&1 || explain_failed_install "${missing[@]}"
  fi
  local -a install=(env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet --quiet "${options[@]}"
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install)
  if ! as_root "${install[@]}" "${missing[@]}" >&2; then
    update_package_lists "${missing[@]}"
    as_root "${install[@]}" "${missing[@]}" >&2 || explain_failed_install "${missing[@]}"
  fi
}
