#!/usr/bin/env bash
# What a user writes without the tools, in bash with curl and jq.
set -euo pipefail
call() { curl -sS --fail-with-body -H "Authorization: Bearer $OPENAI_API_KEY" "$@"; }
ids=()
trap 'for id in "${ids[@]}"; do call -X DELETE "$OPENAI_BASE_URL/files/$id" >/dev/null; done' EXIT
for path; do
  ids+=("$(call -F purpose=user_data -F "file=@$path" "$OPENAI_BASE_URL/files" | jq -r .id)")
done
body=$(jq -nc '{model: "gpt-5.2", background: true, input: [{role: "user", content:
  ([{type: "input_text", text: "Check all answers and list corrections."}] +
   [$ARGS.positional[] | {type: "input_file", file_id: .}])}]}' --args "${ids[@]}")
response=$(call -H 'Content-Type: application/json' -d "$body" "$OPENAI_BASE_URL/responses")
id=$(jq -r .id <<<"$response")
while response=$(call "$OPENAI_BASE_URL/responses/$id"); do
  case $(jq -r .status <<<"$response") in queued | in_progress) sleep 2 ;; *) break ;; esac
done
jq -r '[.output[] | select(.type == "message") | .content[] | select(.type == "output_text") | .text] | join("")' <<<"$response"
