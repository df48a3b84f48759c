"""The same calls with requests."""

import hashlib

import requests
from settings import BEARER, GEMINI, GRAPH, KEYS, MARK, MESSAGE, PROMPT, REST, SETTINGS, sent, tell


def call(method, url, timeout=20.0, **parts):
    answer = requests.request(method, url, timeout=timeout, **parts)
    answer.raise_for_status()
    return answer


seen = {}
conversation = call("GET", f"{REST}/conversations", params={"select": "*", "id": "eq.1"}, headers=KEYS).json()[0]
seen["account"] = call("GET", f"{REST}/accounts", params={"id": f"eq.{conversation['account_id']}"}, headers=KEYS).json()
note = call("POST", f"{REST}/notes", json={"text": "in"}, headers={**KEYS, "Prefer": "return=representation"})
seen["note"] = [note.status_code, note.json()]
seen["reply"] = call("POST", GEMINI, 45.0, json=PROMPT, headers={"x-goog-api-key": "k"}).json()
seen["read"] = call("POST", f"{GRAPH}/106/messages", json=MARK, headers=BEARER).json()
seen["sent"] = sent(call("POST", f"{GRAPH}/106/messages", json=MESSAGE, headers=BEARER).json())
if SETTINGS["way"] != "base-url":
    link = call("GET", f"{GRAPH}/{SETTINGS['mediaId']}", headers=BEARER).json()
    picture = call("GET", link["url"], headers=BEARER).content
    seen["picture"] = [link["file_size"], hashlib.sha256(picture).hexdigest()]
tell(seen)
