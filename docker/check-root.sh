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

# As the Dockerfile's USER, ENV and CMD say, save for the port, which others may hold here: the system chooses one.
user=$(sed -n 's/^USER //p' "$top/docker/Dockerfile")
host=$(sed -n 's/^ENV MILLRACE_HOST=//p' "$top/docker/Dockerfile")
data_home=$(sed -n 's/^ENV XDG_DATA_HOME=//p' "$top/docker/Dockerfile")
data_dir=$(sed -n 's/^VOLUME //p' "$top/docker/Dockerfile")
# The Dockerfile copies it in with its owner.
install --directory --mode=0750 --owner="${user%%:*}" --group="${user##*:}" "$root$data_dir"
chroot=$(command -v chroot)
millrace=(env -i MILLRACE_HOST="$host" XDG_DATA_HOME="$data_home" "$chroot" --userspec="$user" "$root"
  /usr/local/bin/millrace)

"${millrace[@]}" serve --port 0 2>"$folder/log" &
pid=$!
deadline=$((SECONDS + 10))
until grep -qs '^Ready\.$' "$folder/log"; do
  kill -0 "$pid" 2>/dev/null || { cat "$folder/log" && pid="" && exit 1; }
  ((SECONDS < deadline)) || { echo "not ready within 10 s" && cat "$folder/log" && exit 1; }
  sleep 0.02
done
cat "$folder/log"
port=$(sed -n "s/.*addresses=$host:\([0-9]*\) .*/\1/p" "$folder/log")
[[ -n $port ]] || { echo "it does not listen on $host" && exit 1; }
[[ $(stat --format=%u "/proc/$pid") == "${user%%:*}" ]] || { echo "it does not run as $user" && exit 1; }
"${millrace[@]}" health --port "$port"
grep -q "engine=embedded data_dir=$data_dir durability=sync" "$folder/log" || { echo "it keeps nothing in $data_dir" && exit 1; }
[[ $(stat --format='%u %a' "$root$data_dir/KEY") == "${user%%:*} 600" ]] || { echo "the key is not the user's alone" && exit 1; }
kill -TERM "$pid"
wait "$pid"
pid=""
! "${millrace[@]}" health --port "$port" || { echo "health says ready of a broker that ended" && exit 1; }
"${millrace[@]}" check "$data_dir"
echo "The root works: ready, healthy, and ended with status 0."
