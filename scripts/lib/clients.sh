# Installing clients below build/clients, and a broker for them to talk to. Sourced after common.sh and install.sh.
clients_folder="$project_root/build/clients"

# python_tools NAME: build/clients/NAME/venv holds exactly what tests/clients/NAME/requirements.txt lists. Its bin/ has
# the commands, among them runtimes that PyPI carries in newer versions than Debian does.
python_tools() {
  local wanted="$project_root/tests/clients/$1/requirements.txt" home="$clients_folder/$1"
  cmp -s "$wanted" "$home/venv/installed" && return 0
  install_packages python3 python3-venv
  say "Installing from PyPI: $(head -n 1 "$wanted")"
  rm -rf "$home/venv"
  mkdir -p "$home"
  /usr/bin/python3 -m venv "$home/venv" >"$home/install.log" 2>&1 || return 1
  "$home/venv/bin/pip" install --disable-pip-version-check --no-deps --requirement "$wanted" \
    >>"$home/install.log" 2>&1 || return 1
  cp "$wanted" "$home/venv/installed"
}

broker_program="$project_root/build/release/millrace"
broker_pid=""
trap '[[ -z $broker_pid ]] || kill "$broker_pid" 2>/dev/null || true' EXIT

free_port() {
  /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_broker LOG ENGINE [DATA_DIR [PORT]]: a broker on a free port, built where it is missing; the embedded engine
# keeps its records in DATA_DIR. Sets broker_pid and broker_endpoint once the broker has said that it is ready.
start_broker() {
  local log=$1 engine=$2 data_dir=${3:-} port=${4:-} deadline
  local arguments=(--engine "$engine")
  [[ -x $broker_program ]] || "$project_root/scripts/build" release millrace || die "there is no broker to start"
  [[ -n $port ]] || port=$(free_port)
  [[ -z $data_dir ]] || arguments+=(--data-dir "$data_dir")
  : >"$log"
  "$broker_program" serve --host 127.0.0.1 --port "$port" "${arguments[@]}" >"$log" 2>&1 &
  broker_pid=$!
  broker_endpoint="http://127.0.0.1:$port"
  deadline=$((SECONDS + 30))
  until grep -q '^Ready\.$' "$log"; do
    kill -0 "$broker_pid" 2>/dev/null || die "the broker did not start: $(tail -n 3 "$log")"
    ((SECONDS < deadline)) || die "the broker was not ready within 30 s, see $log"
    sleep 0.02
  done
}

# stop_broker: asks the broker to stop, and fails where it does not end with status 0.
stop_broker() {
  local pid=$broker_pid
  broker_pid=""
  kill -TERM "$pid" && wait "$pid"
}
