# shellcheck shell=bash
# What the steps of the action share; sourced by each.
set -euo pipefail

folder=${RUNNER_TEMP:-${TMPDIR:-/tmp}}/fanfold
mkdir -p "$folder"

# Sets an output of the step.
output() { printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/null}"; }

# Shows a warning on the page of the run.
warn() { printf '::warning title=fanfold::%s\n' "$1"; }

# Asks the API of GitHub; prints the status, the reply is in $folder/reply.json.
# The token goes through a file, as what stands on a command line is there for all to read.
api() {
	local method=$1 path=$2
	shift 2
	(umask 077 && printf 'header = "Authorization: Bearer %s"\n' "${GITHUB_TOKEN:-}" >"$folder/token")
	local status=000
	status=$(curl --silent --show-error --max-time 60 --retry 3 --config "$folder/token" \
		--request "$method" --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
		--output "$folder/reply.json" --write-out '%{http_code}' "$@" \
		"${GITHUB_API_URL:-https://api.github.com}/repos/$GITHUB_REPOSITORY/$path") || true
	rm -f "$folder/token"
	printf '%s' "$status"
}

# Why the API said no, in a few words.
reason() { jq -r '.message // empty' "$folder/reply.json" 2>/dev/null || true; }
