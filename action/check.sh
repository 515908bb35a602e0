#!/usr/bin/env bash
# Findings: as annotations now, as SARIF for code scanning later. The verdict is left to the last step.
source "$(dirname "$0")/common.sh"

read -ra specs <<<"$INPUT_SPECS"
read -ra flags <<<"${INPUT_ARGS:-} ${INPUT_CHECK_ARGS:-}"
sarif=$folder/fanfold.sarif

# The runner shows ten annotations of a severity a step; the report knows that.
code=0
fanfold check "${specs[@]}" ${flags[@]+"${flags[@]}"} --format github || code=$?
if ((code > 1)); then
	output failure "the check could not run"
	exit 0
fi
fanfold check "${specs[@]}" ${flags[@]+"${flags[@]}"} --format sarif >"$sarif" || true
output sarif-file "$sarif"
if ((code == 1)); then
	output findings true
	output failure "the check found errors"
else
	output findings false
fi
