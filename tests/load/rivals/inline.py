"""A document inside the request, with the official SDK."""

import base64
import sys

from openai import OpenAI

with open(sys.argv[1], "rb") as file:
    data = base64.b64encode(file.read()).decode("utf-8")
part = {
    "type": "input_file",
    "filename": "document.pdf",
    "file_data": f"data:application/pdf;base64,{data}",
}
question = {"type": "input_text", "text": "What is it?"}
response = OpenAI().responses.create(
    model="gpt-5.2", input=[{"role": "user", "content": [question, part]}]
)
print(response.output_text)
