#!/usr/bin/env bash
# Findings to code scanning, cut to what it takes: 25,000 results, 10 MB compressed.
source "$(dirname "$0")/common.sh"

results=${SARIF_RESULTS:-25000}
bytes=${SARIF_BYTES:-10000000}
if [[ -z ${SARIF:-} || ! -s $SARIF ]]; then
	echo "there is no report to upload"
	exit 0
fi

# Errors first, so that what is cut is the least.
pack() {
	jq -c --argjson most "$1" '
		def rank: {"error": 0, "warning": 1}[.level // "warning"] // 2;
		.runs |= map(.automationDetails //= {id: "fanfold/"}
			| if (.results | length) > $most then .results |= (sort_by(rank) | .[:$most]) else . end)
	' "$SARIF" | gzip -9 >"$folder/fanfold.sarif.gz"
}

found=$(jq '[.runs[].results | length] | add // 0' "$SARIF")
kept=$results
pack "$kept"
while (($(wc -c <"$folder/fanfold.sarif.gz") > bytes && kept > 1)); do
	kept=$(((kept < found ? kept : found) / 2))
	pack "$kept"
done
if ((found > kept)); then warn "code scanning gets $kept of $found findings, the errors first"; fi

base64 <"$folder/fanfold.sarif.gz" | tr -d '\n' >"$folder/fanfold.sarif.base64"
jq -n --rawfile sarif "$folder/fanfold.sarif.base64" --arg commit "$GITHUB_SHA" --arg ref "$GITHUB_REF" \
	'{commit_sha: $commit, ref: $ref, sarif: $sarif, tool_name: "fanfold"}' >"$folder/upload.json"
status=$(api POST code-scanning/sarifs --data-binary "@$folder/upload.json")
case $status in
202) echo "uploaded $((found < kept ? found : kept)) findings to code scanning" ;;
# Forks, and private repositories without code scanning: the annotations are there all the same.
403 | 404) warn "findings were not uploaded to code scanning: $status $(reason)" ;;
*) warn "the upload to code scanning failed: $status $(reason)" ;;
esac
