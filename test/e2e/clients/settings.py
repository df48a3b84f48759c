"""What the test tells a client, and how it answers: one line of JSON."""

import json
import os
import sys

SETTINGS = json.loads(os.environ["CLIENT_SETTINGS"])
GRAPH = SETTINGS["graphUrl"] + "/v23.0"
REST = SETTINGS["supabaseUrl"] + "/rest/v1"
BEARER = {"Authorization": "Bearer EAAdemo"}
KEYS = {"apikey": SETTINGS["supabaseKey"], "Authorization": "Bearer " + SETTINGS["supabaseKey"]}
GEMINI = SETTINGS["geminiUrl"] + "/v1beta/models/gemini-2.5-flash:generateContent"
PROMPT = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
MESSAGE = {"messaging_product": "whatsapp", "to": "48600000001", "type": "text", "text": {"body": "hello"}}
MARK = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.in.1"}


def tell(seen):
    """Prints what was seen."""
    json.dump(seen, sys.stdout, sort_keys=True, default=str)


def sent(answer):
    """An answer to a send without its id, which differs each time."""
    return [answer["contacts"], [message["id"][:6] for message in answer["messages"]]]
