#!/usr/bin/env bash
# Assembles the root of the image in a folder: the binary, the packages whose shared libraries it links, and what a
# process needs to find about itself. No shell and no package manager, so nothing in it can be used but the broker.
#
#   docker/assemble-root.sh BINARY FOLDER
set -euo pipefail

(($# == 2)) || { echo "usage: $0 BINARY FOLDER" >&2 && exit 2; }
binary=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
[[ -x $binary ]] || { echo "$0: there is no program $binary" >&2 && exit 1; }
[[ -z $(ls -A "$root") ]] || { echo "$0: the folder $root is not empty" >&2 && exit 1; }

# The packages of the libraries that the binary links, directly or not; libc brings the loader.
# Debian moved /lib into /usr, and packages may know a file by either name.
package_of() {
  local file=$1 other
  other=${file#/usr}
  [[ $other != "$file" ]] || other=/usr$file
  { dpkg-query --search "$file" 2>/dev/null || dpkg-query --search "$other" 2>/dev/null; } | sed -n '1s/:.*//p'
}
mapfile -t packages < <(ldd "$binary" | grep -o '/[^ ]*' | while read -r file; do
  package=$(package_of "$file")
  [[ -n $package ]] || { echo "$0: no package owns $file" >&2 && exit 1; }
  echo "$package"
done | sort -u)
((${#packages[@]} > 0)) || { echo "$0: $binary links no package's library" >&2 && exit 1; }
echo "Packages: ${packages[*]}"

downloads=$(mktemp --directory)
trap 'rm -rf "$downloads"' EXIT
chmod 755 "$downloads"
architecture=$(dpkg --print-architecture)
mkdir -p "$root/var/lib/dpkg/status.d"
for package in "${packages[@]}"; do
  version=$(dpkg-query --show --showformat='${Version}' "$package:$architecture")
  # The version that was built against; where the archive has a newer one by now, that.
  (cd "$downloads" && { apt-get download --quiet --quiet "$package=$version" || apt-get download --quiet --quiet "$package"; } 2>/dev/null) ||
    { echo "$0: cannot download the package $package" >&2 && exit 1; }
  archive=$(ls "$downloads/$package"_*.deb)
  dpkg-deb --extract "$archive" "$root"
  # Where scanners look for what an image without dpkg holds.
  dpkg-deb --field "$archive" >"$root/var/lib/dpkg/status.d/$package"
done

# Documentation goes, licences stay; character sets of iconv are used by nobody here.
find "$root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$root"/usr/share/{man,lintian,locale} "$root"/usr/lib/*/gconv "$root/usr/lib/*/audit"

install -D --mode=755 "$binary" "$root/usr/local/bin/millrace"
mkdir -p "$root/etc" "$root/proc" "$root/dev" "$root/sys"
install --directory --mode=1777 "$root/tmp"
# The user of the image; the number is what orchestrators compare, so it stays.
printf 'root:x:0:0:root:/:/usr/sbin/nologin\nmillrace:x:10001:10001:millrace:/:/usr/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nmillrace:x:10001:\n' >"$root/etc/group"
echo "Assembled $(du -sh "$root" | cut -f1) in $root"
