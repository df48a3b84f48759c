#!/bin/sh
# curl: each call a new process. Prints one JSON object; the settings come as shell variables too.
set -eu
ask() { curl --silent --show-error --fail-with-body --max-time 20 "$@"; }
graph() { ask -H 'Authorization: Bearer EAAdemo' -H 'Content-Type: application/json' "$@"; }
rest() { ask -H "apikey: $SUPABASE_KEY" -H "Authorization: Bearer $SUPABASE_KEY" "$@"; }

account=$(rest "$SUPABASE_URL/rest/v1/accounts?id=eq.1")
conversation=$(rest "$SUPABASE_URL/rest/v1/conversations?select=id,accounts(name)&id=eq.1" --globoff)
note=$(rest -H 'Content-Type: application/json' -H 'Prefer: return=representation' -d '{"text":"in"}' "$SUPABASE_URL/rest/v1/notes")
reply=$(ask -H 'x-goog-api-key: k' -H 'Content-Type: application/json' -d '{"contents":[{"parts":[{"text":"hello"}]}]}' "$GEMINI_URL/v1beta/models/gemini-2.5-flash:generateContent")
events=$(ask -N -H 'x-goog-api-key: k' -H 'Content-Type: application/json' -d '{"contents":[{"parts":[{"text":"hello"}]}]}' "$GEMINI_URL/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
events=$(printf '%s' "$events" | grep -c '^data: ')
mark=$(graph -d '{"messaging_product":"whatsapp","status":"read","message_id":"wamid.in.1"}' "$GRAPH_URL/v23.0/106/messages")
send=$(graph -d '{"messaging_product":"whatsapp","to":"48600000001","type":"text","text":{"body":"hello"}}' "$GRAPH_URL/v23.0/106/messages")
send=$(printf '%s' "$send" | sed 's/"id":"wamid[^"]*"/"id":"wamid"/')
picture='"none"'
if [ "$WAY" != base-url ]; then
  described=$(graph "$GRAPH_URL/v23.0/$MEDIA_ID")
  link=$(printf '%s' "$described" | sed 's/.*"url":"\([^"]*\)".*/\1/')
  content=$(graph "$link")
  picture="\"$(printf '%s' "$content" | sha256sum | cut -c1-64)\""
fi
printf '{"account":%s,"conversation":%s,"note":%s,"reply":%s,"events":%s,"mark":%s,"send":%s,"picture":%s}' \
  "$account" "$conversation" "$note" "$reply" "$events" "$mark" "$send" "$picture"
