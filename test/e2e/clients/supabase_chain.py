"""supabase-py, as an inbox reads: each conversation, then its contact, one after the other."""

from settings import SETTINGS, tell
from supabase import create_client

client = create_client(SETTINGS["supabaseUrl"], SETTINGS["supabaseKey"])
seen = []
for _ in range(2):
    for number in range(1, 6):
        conversation = client.table("conversations").select("*").eq("id", number).single().execute().data
        contact = client.table("contacts").select("id,name,wa_id").eq("id", conversation["contact_id"]).maybe_single().execute().data
        last = client.table("messages").select("id,body").eq("conversation_id", conversation["id"]).order("id", desc=True).limit(1).execute().data
        client.table("messages").insert({"conversation_id": number, "body": f"hello {contact['name']}"}).execute()
        seen.append([conversation["id"], contact, [one["body"] for one in last]])
tell({"seen": seen})
