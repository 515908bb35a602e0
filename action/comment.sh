#!/usr/bin/env bash
# One comment on the pull request, found again by a hidden line at its start and kept up to date.
source "$(dirname "$0")/common.sh"

# A comment takes 65,536 characters.
limit=${COMMENT_LIMIT:-65536}
key=${INPUT_COMMENT_KEY:-default}
marker="<!-- fanfold action: ${key//[^A-Za-z0-9._-]/-} -->"
comments=issues/$PULL_REQUEST/comments

# Prints the number of the comment; nothing where there is none. Fails where GitHub does not answer.
find_comment() {
	local page=1 status id
	while ((page <= 50)); do
		status=$(api GET "$comments?per_page=100&page=$page")
		[[ $status == 200 ]] || return 1
		id=$(jq -r --arg marker "$marker" '[.[] | select(.body // "" | startswith($marker)) | .id][0] // empty' "$folder/reply.json")
		if [[ -n $id ]]; then
			printf '%s' "$id"
			return
		fi
		(($(jq length "$folder/reply.json") == 100)) || return 0
		page=$((page + 1))
	done
}

if ! id=$(find_comment); then
	warn "the comments of the pull request cannot be read: $(reason)"
	exit 0
fi
# A pull request that changes no object needs no comment, but what an earlier push said must not stand.
if [[ $CHANGED != true && -z $id ]]; then
	echo "no object changes, and there is no comment to correct"
	exit 0
fi

{
	printf '%s\n' "$marker"
	cat "$REPORT"
} >"$folder/comment.md"
if (($(jq -Rs length "$folder/comment.md") > limit)); then
	run=${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}
	printf '%s\nWhat changes is too long for a comment: see [the summary of the run](%s).\n' "$marker" "$run" >"$folder/comment.md"
fi
jq -n --rawfile body "$folder/comment.md" '{body: $body}' >"$folder/comment.json"

if [[ -n $id ]]; then
	status=$(api PATCH "issues/comments/$id" --data-binary "@$folder/comment.json")
else
	status=$(api POST "$comments" --data-binary "@$folder/comment.json")
fi
case $status in
200 | 201) output comment-id "$(jq -r .id "$folder/reply.json")" ;;
# Pull requests from forks get a token that may read alone; the summary has it all the same.
403 | 404) warn "the token may not comment on the pull request ($status $(reason)): it needs \`pull-requests: write\`" ;;
*) warn "the comment could not be written: $status $(reason)" ;;
esac
