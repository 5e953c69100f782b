"""One upload with the official SDK."""

import sys

from openai import OpenAI

with open(sys.argv[1], "rb") as file:
    print(OpenAI().files.create(file=file, purpose="user_data").id)
