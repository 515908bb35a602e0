#!/usr/bin/env bash
# Fails where a step before has found a reason to.
source "$(dirname "$0")/common.sh"

failed=0
for failure in "${CHECK:-}" "${BUILD:-}" "${DIFF:-}"; do
	if [[ -n $failure ]]; then
		printf '::error title=fanfold::%s\n' "$failure"
		failed=1
	fi
done
exit "$failed"
