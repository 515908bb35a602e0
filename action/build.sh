#!/usr/bin/env bash
# Compiled manifests: are they what the specs make? The diff goes to the log and, where it fits, to the summary.
source "$(dirname "$0")/common.sh"
source "$(dirname "$0")/summary.sh"

read -ra specs <<<"$INPUT_SPECS"
read -ra flags <<<"${INPUT_ARGS:-} ${INPUT_BUILD_ARGS:-}"
code=0
fanfold build "${specs[@]}" ${flags[@]+"${flags[@]}"} -o "$INPUT_MANIFESTS" --check >"$folder/stale.diff" 2>"$folder/stale.log" || code=$?
cat "$folder/stale.diff" "$folder/stale.log"
case $code in
0) output stale false ;;
1)
	output stale true
	output failure "the specs have errors, or the manifests in $INPUT_MANIFESTS are stale"
	if [[ -s $folder/stale.diff ]]; then
		{
			printf '### The manifests in `%s` are stale\n\n' "$INPUT_MANIFESTS"
			printf 'Run `fanfold build %s -o %s` and commit what it writes.\n\n' "$INPUT_SPECS" "$INPUT_MANIFESTS"
			# More backticks than any line of the diff starts with.
			printf '``````````diff\n'
			head -c 60000 "$folder/stale.diff" | iconv -c -f UTF-8 -t UTF-8
			printf '\n``````````\n'
		} >"$folder/stale.md"
		summarize "$folder/stale.md"
	fi
	;;
*) output failure "the manifests could not be compared" ;;
esac
