#!/bin/sh
# Installs the Lockstep that lies in parts beside this script, with no network and no Node on the machine: checks
# every part against its SHA-256, unpacks beside the target, and moves it into place whole.
#
#   sh install.sh [FOLDER]        by default ~/.local/share/lockstep
set -eu

bundle=$(cd "$(dirname "$0")" && pwd)
target=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/lockstep}
partial=$target.partial.$$

# Ends with an exit code and one line.
fail() {
  echo "lockstep: $2" >&2
  exit "$1"
}

[ "$(uname -sm)" = '@SYSTEM@' ] || fail 69 "this bundle is for @SYSTEM@, and this machine is $(uname -sm): make one there"
for program in sha256sum tar gzip; do
  command -v "$program" >/dev/null || fail 69 "$program is missing, and unpacking needs it: install it"
done
[ ! -e "$target" ] || fail 64 "$target is there already: name another folder, or remove it"

checked=$(cd "$bundle" && sha256sum -c SHA256SUMS 2>&1) || {
  wrong=$(echo "$checked" | sed -n 's/: FAILED.*//p' | tr '\n' ' ')
  fail 65 "not what was packed, or missing: ${wrong}in $bundle: copy the bundle again"
}

trap 'rm -rf "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$partial" || fail 1 "$partial cannot be made: name a folder that you may write to"
cat "$bundle"/lockstep.tar.gz.* | tar -xzf - -C "$partial" ||
  fail 1 "unpacking into $partial failed: see above, free some space, and run it again"
mv "$partial" "$target"
version=$("$target/bin/lockstep" --version) || fail 1 "what was unpacked does not start: see above"
echo "lockstep $version is in $target: start it as $target/bin/lockstep"
