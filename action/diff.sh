#!/usr/bin/env bash
# What changes, as Markdown: in the summary of the step, and in a file for the comment.
source "$(dirname "$0")/common.sh"
source "$(dirname "$0")/summary.sh"

read -ra specs <<<"$INPUT_SPECS"
read -ra flags <<<"${INPUT_ARGS:-}"
report=$folder/diff.md

# A branch that is pushed for the first time has no commit before.
if [[ -z ${AGAINST//0/} ]]; then
	echo "there is no revision to compare with"
	output changed false
	exit 0
fi
# Checkouts are shallow: the one commit that is missing is fetched. What is fetched by the name of a branch has no name here.
base=$AGAINST
if ! git cat-file -e "$base^{commit}" 2>/dev/null; then
	if ! git fetch --quiet --no-tags --depth=1 origin "$AGAINST"; then
		output failure "there is no revision $AGAINST to compare with"
		exit 0
	fi
	base=$(git rev-parse --verify FETCH_HEAD)
fi

code=0
fanfold diff "${specs[@]}" ${flags[@]+"${flags[@]}"} --against "git:$base" --format markdown >"$report" || code=$?
if ((code > 1)); then
	output failure "the specs could not be compared with $AGAINST"
	exit 0
fi
if ((code == 1)); then output changed true; else output changed false; fi
output report "$report"
summarize "$report"

if [[ -n ${INPUT_FAIL_ON:-} ]] && ((code == 1)); then
	fanfold diff "${specs[@]}" ${flags[@]+"${flags[@]}"} --against "git:$base" --fail-on "$INPUT_FAIL_ON" \
		--format short >"$folder/refused.txt" || output failure "changes have effects of: $INPUT_FAIL_ON"
fi
