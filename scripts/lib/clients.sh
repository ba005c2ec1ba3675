# What scripts/clients and scripts/demo share: installing clients below build/clients, and a broker to talk to.
# Sourced by bash, from the root of the project; the sourcing script runs under `set -euo pipefail`.

clients_dir="$PWD/build/clients"

say() { printf '%s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# need_packages NAME...: installs the Debian packages that are missing, and stops where one cannot be installed.
need_packages() {
  local missing=() name
  for name in "$@"; do
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || missing+=("$name")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  local root=()
  [[ $EUID -eq 0 ]] || root=(sudo)
  say "installing ${missing[*]}"
  mkdir -p "$clients_dir"
  "${root[@]}" apt-get update -qq >"$clients_dir/apt.log" 2>&1 || die "apt-get update failed, see $clients_dir/apt.log"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-remove --no-install-recommends \
    "${missing[@]}" >>"$clients_dir/apt.log" 2>&1 || die "cannot install ${missing[*]}, see $clients_dir/apt.log"
}

# python_tools NAME: build/clients/NAME/venv holds exactly what tests/clients/NAME/requirements.txt lists. Its bin/ has
# the commands, among them runtimes that PyPI carries in newer versions than Debian does.
python_tools() {
  local wanted="tests/clients/$1/requirements.txt" home="$clients_dir/$1"
  cmp -s "$wanted" "$home/venv/installed" && return 0
  say "installing $(head -n 1 "$wanted")"
  need_packages python3 python3-venv
  rm -rf "$home/venv"
  mkdir -p "$home"
  /usr/bin/python3 -m venv "$home/venv" >"$home/install.log" 2>&1 || return 1
  "$home/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --requirement "$wanted" \
    >>"$home/install.log" 2>&1 || return 1
  cp "$wanted" "$home/venv/installed"
}

# build_broker PATH: the release binary, built where it is not there yet.
build_broker() {
  [[ -x "$1" ]] || scripts/build release || die "no broker at $1"
}

free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_broker BINARY LOG: sets broker_pid and broker_endpoint once the broker has said that it is ready.
start_broker() {
  local port deadline=$((SECONDS + 30))
  port=$(free_port)
  # Nothing of the caller's environment configures this broker.
  env --unset=MILLRACE_PORT "$1" serve --host 127.0.0.1 --port "$port" --engine memory >"$2" 2>&1 &
  broker_pid=$!
  broker_endpoint="http://127.0.0.1:$port"
  until grep -q '^Ready\.$' "$2"; do
    kill -0 "$broker_pid" 2>/dev/null || die "the broker did not start: $(tail -n 3 "$2")"
    ((SECONDS < deadline)) || die "the broker was not ready within 30 s, see $2"
    sleep 0.02
  done
}

# stop_broker: asks the broker to stop, and fails where it does not end with status 0.
stop_broker() {
  local pid="$broker_pid"
  broker_pid=""
  kill -TERM "$pid" && wait "$pid"
}
