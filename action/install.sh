#!/usr/bin/env bash
# Puts the release of a version on the PATH, once its checksum was found right.
source "$(dirname "$0")/common.sh"

version=${INPUT_VERSION#v}
if [[ $version == none ]]; then
	fanfold --version
	exit
fi
if [[ -z $version ]]; then
	version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml" | head -n 1)
fi
case ${FANFOLD_ACTION_RUNNER:-Linux-X64} in
Linux-X64) target=x86_64-unknown-linux-musl ;;
Linux-ARM64) target=aarch64-unknown-linux-musl ;;
macOS-X64) target=x86_64-apple-darwin ;;
macOS-ARM64) target=aarch64-apple-darwin ;;
Windows-X64) target=x86_64-pc-windows-msvc ;;
*)
	echo "::error title=fanfold::there is no release for $FANFOLD_ACTION_RUNNER: install it, and say \`version: none\`"
	exit 1
	;;
esac
archive=fanfold-v$version-$target.tar.gz
release=${FANFOLD_RELEASES:-https://github.com/fanfold/fanfold/releases/download}/v$version
into=$folder/bin-$version
mkdir -p "$into"
cd "$into"
curl --fail --silent --show-error --location --retry 3 --remote-name "$release/$archive" --remote-name "$release/SHA256SUMS"
# The line of this archive alone; two blanks part the sum and the name.
grep -F "  $archive" SHA256SUMS >sum || {
	echo "::error title=fanfold::SHA256SUMS of v$version does not name $archive"
	exit 1
}
if command -v sha256sum >/dev/null; then sha256sum --check --quiet sum; else shasum --algorithm 256 --check --quiet sum; fi
tar -xzf "$archive"
printf '%s\n' "$into" >>"$GITHUB_PATH"
./fanfold --version
