"""The backend as it is: a new httpx.AsyncClient for each call."""

import asyncio
import hashlib

import httpx
from settings import BEARER, GEMINI, GRAPH, KEYS, MARK, MESSAGE, PROMPT, REST, SETTINGS, sent, tell


async def call(method, url, timeout=20.0, **parts):
    async with httpx.AsyncClient(timeout=timeout) as client:
        answer = await client.request(method, url, **parts)
        answer.raise_for_status()
        return answer


async def main():
    seen = {}
    conversation = (await call("GET", f"{REST}/conversations", params={"select": "*", "id": "eq.1"}, headers=KEYS)).json()[0]
    seen["account"] = (await call("GET", f"{REST}/accounts", params={"id": f"eq.{conversation['account_id']}"}, headers=KEYS)).json()
    note = await call("POST", f"{REST}/notes", json={"text": "in"}, headers={**KEYS, "Prefer": "return=representation"})
    seen["note"] = [note.status_code, note.json()]
    seen["reply"] = (await call("POST", GEMINI, 45.0, json=PROMPT, headers={"x-goog-api-key": "k"})).json()
    seen["read"] = (await call("POST", f"{GRAPH}/106/messages", json=MARK, headers=BEARER)).json()
    seen["sent"] = sent((await call("POST", f"{GRAPH}/106/messages", json=MESSAGE, headers=BEARER)).json())
    seen["patched"] = (await call("PATCH", f"{REST}/notes", params={"text": "eq.in"}, json={"text": "out"}, headers=KEYS)).status_code
    if SETTINGS["way"] != "base-url":
        link = (await call("GET", f"{GRAPH}/{SETTINGS['mediaId']}", headers=BEARER)).json()
        picture = (await call("GET", link["url"], headers=BEARER)).content
        seen["picture"] = [link["file_size"], hashlib.sha256(picture).hexdigest()]
    tell(seen)


asyncio.run(main())
