"""supabase-py: tables, embeds, functions, auth, storage, edge functions."""

from postgrest.exceptions import APIError
from settings import SETTINGS, tell
from supabase import create_client

client = create_client(SETTINGS["supabaseUrl"], SETTINGS["supabaseKey"])
seen = {}
table = client.table
seen["embedded"] = table("conversations").select("id,accounts(name)").eq("account_id", 1).order("id", desc=True).limit(2).execute().data
counted = table("contacts").select("*", count="exact").in_("id", [1, 2, 3]).range(0, 1).execute()
seen["counted"] = [counted.data, counted.count]
seen["or"] = table("contacts").select("id").or_("id.eq.1,name.like.*3").execute().data
seen["single"] = table("accounts").select("*").eq("id", 1).single().execute().data
try:
    table("accounts").select("*").eq("id", 99).single().execute()
except APIError as error:
    seen["none"] = [error.code, error.message]
seen["maybe"] = table("accounts").select("*").eq("id", 99).maybe_single().execute() is None
seen["inserted"] = table("notes").insert({"text": "a", "stars": 1}).execute().data
seen["many"] = table("notes").insert([{"text": "b"}, {"text": "c"}]).execute().data
seen["upserted"] = table("notes").upsert({"id": 1, "text": "d"}, on_conflict="id").execute().data
seen["updated"] = table("notes").update({"stars": 5}).eq("text", "b").execute().data
seen["deleted"] = table("notes").delete().eq("text", "c").execute().data
seen["left"] = table("notes").select("id,text").order("id").execute().data
seen["rpc"] = client.rpc("add", {"a": 1, "b": 2}).execute().data
seen["user"] = client.auth.get_user(SETTINGS["userToken"]).user.email
bucket = client.storage.from_("media")
seen["uploaded"] = bucket.upload("a.txt", b"hello", {"content-type": "text/plain"}).path
seen["downloaded"] = bucket.download("a.txt").decode()
seen["listed"] = [one["name"] for one in bucket.list()]
seen["function"] = client.functions.invoke("echo", invoke_options={"body": {"x": 1}, "responseType": "json"})
tell(seen)
