"""What a user writes without the tools: upload, ask in the background, wait, print, clean up."""

import sys
import time

from openai import OpenAI

client = OpenAI()
uploaded = []
try:
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            uploaded.append(client.files.create(file=file, purpose="user_data"))
    content = [{"type": "input_text", "text": "Check all answers and list corrections."}]
    content += [{"type": "input_file", "file_id": file.id} for file in uploaded]
    response = client.responses.create(
        model="gpt-5.2", background=True, input=[{"role": "user", "content": content}]
    )
    while True:
        response = client.responses.retrieve(response.id)
        if response.status not in ("queued", "in_progress"):
            break
        time.sleep(2)
    print(response.output_text)
finally:
    for file in uploaded:
        client.files.delete(file.id)
