#!/usr/bin/env bash
# Proves the image's content where no container engine is: assembles its root, runs the broker in a chroot of it as the
# image's user, and asks for its health by the image's own command. Needs root.
#
#   docker/check-root.sh [BINARY]
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${1:-$top/build/release/millrace}
((EUID == 0)) || { echo "$0: chroot needs root" >&2 && exit 1; }
folder=$(mktemp --directory)
pid=""
cleanup() {
  [[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT
root="$folder/root"
chmod 755 "$folder"
"$top/docker/assemble-root.sh" "$binary" "$root"

# As the Dockerfile's USER, ENV and CMD say, save for the port, which others may hold here.
user=$(sed -n 's/^USER //p' "$top/docker/Dockerfile")
host=$(sed -n 's/^ENV MILLRACE_HOST=//p' "$top/docker/Dockerfile")
run() { env -i MILLRACE_HOST="$host" MILLRACE_PORT="$port" chroot --userspec="$user" "$root" /usr/local/bin/millrace "$@"; }

port=$(( 20000 + RANDOM % 10000 ))
run serve 2>"$folder/log" &
pid=$!
deadline=$((SECONDS + 10))
until grep -q '^Ready\.$' "$folder/log"; do
  kill -0 "$pid" 2>/dev/null || { cat "$folder/log" && pid="" && exit 1; }
  ((SECONDS < deadline)) || { echo "not ready within 10 s" && cat "$folder/log" && exit 1; }
  sleep 0.02
done
cat "$folder/log"
grep -q "0\.0\.0\.0:$port" "$folder/log"
[[ $(stat --format=%u "/proc/$pid") == "${user%%:*}" ]] || { echo "it does not run as $user" && exit 1; }
run health
kill -TERM "$pid"
wait "$pid"
pid=""
! run health || { echo "health says ready of a broker that ended" && exit 1; }
echo "The root works: ready, healthy, and ended with status 0."
