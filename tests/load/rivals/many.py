"""Many questions with the official SDK, so many at a time: a record a line on stdin."""

import asyncio
import json
import sys
import time

from openai import AsyncOpenAI, OpenAIError

at_once, retries = int(sys.argv[1]), int(sys.argv[2])


async def ask(client, door, record):
    async with door:
        try:
            response = await client.responses.create(
                model="gpt-5.2", input=record["prompt"], **record.get("request", {})
            )
        except OpenAIError:
            return False
        return bool(response.output_text)


async def main():
    records = [json.loads(line) for line in sys.stdin]
    door = asyncio.Semaphore(at_once)
    async with AsyncOpenAI(max_retries=retries) as client:
        client.responses  # What is loaded at first use is no part of the time.
        begun = time.monotonic()
        answers = await asyncio.gather(*[ask(client, door, record) for record in records])
        seconds = time.monotonic() - begun
    print(json.dumps({"answered": sum(answers), "seconds": seconds}))


asyncio.run(main())
