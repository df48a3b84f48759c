"""google-genai: generate, stream, count, embed, models; sync and async."""

import asyncio

from google import genai
from google.genai import errors
from settings import tell

MODEL = "gemini-2.5-flash"
client = genai.Client(api_key="k")
seen = {}
seen["generated"] = client.models.generate_content(model=MODEL, contents="hello").text
seen["streamed"] = [chunk.text for chunk in client.models.generate_content_stream(model=MODEL, contents="hello")]
seen["counted"] = client.models.count_tokens(model=MODEL, contents="hello").total_tokens
seen["embedded"] = client.models.embed_content(model="gemini-embedding-001", contents="hello").embeddings[0].values
seen["model"] = client.models.get(model=MODEL).name
seen["models"] = [model.name for model in client.models.list()]
try:
    client.models.get(model="none")
except errors.ClientError as error:
    seen["unknown"] = [error.code, error.status]


async def later():
    seen["async"] = (await client.aio.models.generate_content(model=MODEL, contents="hello again")).text
    seen["async_streamed"] = [chunk.text async for chunk in await client.aio.models.generate_content_stream(model=MODEL, contents="hello")]


asyncio.run(later())
tell(seen)
