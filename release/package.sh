#!/usr/bin/env bash
# Packs a binary for a release: `package.sh VERSION TARGET BINARY DIR` writes DIR/fanfold-vVERSION-TARGET.tar.gz.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
version=$1 target=$2 binary=$3 dir=$4

inside=$(mktemp -d)
trap 'rm -rf "$inside"' EXIT
name=fanfold
[[ $target == *windows* ]] && name=fanfold.exe
install -m 755 "$binary" "$inside/$name"
install -m 644 "$root/LICENSE" "$root/README.md" "$root/CHANGELOG.md" "$inside"
mkdir -p "$dir"
tar -czf "$dir/fanfold-v$version-$target.tar.gz" -C "$inside" "$name" LICENSE README.md CHANGELOG.md
