# shellcheck shell=bash
# The summary of a step; sourced after common.sh.

# The runner drops the whole summary of a step, and fails the step, past 1 MiB.
summary_limit=${SUMMARY_LIMIT:-1000000}

# Adds a file to the summary, or says that it is too long for it.
summarize() {
	local summary=${GITHUB_STEP_SUMMARY:-/dev/null} there=0 more
	if [[ -f $summary ]]; then there=$(wc -c <"$summary"); fi
	more=$(wc -c <"$1")
	if ((there + more <= summary_limit)); then
		cat "$1" >>"$summary"
	else
		printf 'The report has %d bytes, which is more than a summary takes: it is in the log.\n' "$more" >>"$summary"
		cat "$1"
	fi
}
