#!/usr/bin/env bash
# Fills in the manifest for krew: `krew.sh VERSION SHA256SUMS` prints it.
set -euo pipefail
template=$(dirname "$0")/krew.yaml
version=$1 sums=$2

manifest=$(sed "s/@VERSION@/$version/g" "$template")
# Each archive that the manifest names stands in the list of checksums.
while read -r archive; do
	sum=$(awk -v name="$archive" '$2 == name { print $1 }' "$sums")
	if [[ ! $sum =~ ^[0-9a-f]{64}$ ]]; then
		echo "error: $sums has no checksum of $archive" >&2
		exit 1
	fi
	manifest=${manifest//"@SHA256 $archive@"/$sum}
done < <(grep -o '@SHA256 [^@]*@' <<<"$manifest" | sed 's/^@SHA256 //; s/@$//' | sort -u)
printf '%s\n' "$manifest"
