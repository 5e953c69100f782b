"""Holds what oa-mock answers against the API's published OpenAPI document.

    oa-mock -- python tests/contract/answers.py

Each request below is made, and its answer has to fit the schema that the document gives for the operation;
each event of a stream has to fit the schema of its type. What does not fit is said on stdout, and the status
is 1.
"""

import json
import os
import re
import urllib.request

from document import load, named
from jsonschema import Draft202012Validator

DOCUMENT = load()
SCHEMAS = DOCUMENT["components"]["schemas"]
# The API sends null for these, though the document says that they are left out.
NULLS = {"status_details", "user", "safety_identifier", "prompt_cache_key", "usage"}
# The same of Batches.
NULLS |= {"model", "errors", "output_file_id", "error_file_id"}
NULLS |= {f"{status}_at" for status in "in_progress finalizing completed failed expired cancelling cancelled".split()}
IRON = b"Iron rusts in wet air.\nIt melts at 1538 degrees."
verdicts = []


def excused(error):
    nullable = isinstance(error.schema, dict) and error.schema.get("nullable", False)
    return error.instance is None and bool(error.path) and (nullable or error.path[-1] in NULLS)


def fits(what, schema, got):
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    wrong = [error for error in validator.iter_errors(got) if not excused(error)]
    verdicts.append(not wrong)
    for error in wrong:
        print(f"FAIL {what}\n     {error.json_path}: {error.message[:200]}")


def operation(method, path):
    """The schema of the answer and its path as the document writes it; words stand before ids."""
    patterns = {template: re.sub(r"\{[^}]*\}", "[^/]+", template) for template in DOCUMENT["paths"]}
    found = [template for template, pattern in patterns.items() if re.fullmatch(pattern, path)]
    template = min(found, key=lambda template: template.count("{"))
    content = DOCUMENT["paths"][template][method.lower()]["responses"]["200"]["content"]
    return content["application/json"]["schema"], template


def send(method, path, body=None, kind="application/json"):
    data = json.dumps(body).encode() if kind == "application/json" and body is not None else body
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + path, data=data, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["OPENAI_API_KEY"])
    request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def ask(method, path, body=None, **more):
    schema, template = operation(method, path.split("?")[0])
    got = json.loads(send(method, path, body, **more))
    fits(f"{method} {template}", schema, got)
    return got


def upload(name, content, purpose="assistants"):
    form = b'--cut\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n%s\r\n' % purpose.encode()
    form += b'--cut\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % name.encode()
    form += content + b"\r\n--cut--\r\n"
    return ask("POST", "/files", form, kind="multipart/form-data; boundary=cut")["id"]


def stores(files):
    after = {"anchor": "last_active_at", "days": 1}
    store = ask("POST", "/vector_stores", {"name": "metals", "expires_after": after})["id"]
    path = f"/vector_stores/{store}"
    ask("POST", path, {"metadata": {"team": "a"}})
    ask("POST", f"{path}/files", {"file_id": files[0], "attributes": {"year": 2024, "final": True}})
    batch = f"{path}/file_batches/" + ask("POST", f"{path}/file_batches", {"file_ids": files[1:]})["id"]
    for _ in range(2):
        ask("GET", path)
    ask("GET", batch)
    ask("GET", f"{batch}/files?filter=failed")
    ask("POST", f"{batch}/cancel")
    ask("GET", f"{path}/files?limit=1")
    ask("GET", f"{path}/files/{files[0]}")
    ask("POST", f"{path}/files/{files[0]}", {"attributes": {"year": 2025}})
    ask("GET", f"{path}/files/{files[0]}/content")
    year = {"type": "eq", "key": "year", "value": 2025}
    ask("POST", f"{path}/search", {"query": "rust", "filters": {"type": "and", "filters": [year]}})
    ask("GET", "/vector_stores?limit=1")
    return store


def batches():
    """Every line of an output file holds an answer, every line of an error file an error."""
    body = {"model": "gpt-5.2", "input": "What rusts?"}
    lines = [{"custom_id": str(n), "method": "POST", "url": "/v1/responses", "body": body | more} for n, more in enumerate(({}, {"top": 1}))]
    files = [upload("a.jsonl", b"\n".join(json.dumps(line).encode() for line in lines), "batch"), upload("b.jsonl", b"{", "batch")]
    more = {"endpoint": "/v1/responses", "completion_window": "24h", "metadata": {"team": "a"}}
    more["output_expires_after"] = {"anchor": "created_at", "seconds": 3600}
    done, failed, gone = (ask("POST", "/batches", {"input_file_id": file} | more)["id"] for file in files + files[:1])
    ask("POST", f"/batches/{gone}/cancel")
    seen = {id: [ask("GET", f"/batches/{id}")["status"] for _ in range(2)] for id in (done, failed, gone)}
    agree("statuses", [*seen.values()], [["in_progress", "completed"], ["failed"] * 2, ["cancelled"] * 2])
    ask("GET", "/batches?limit=1")
    batch = ask("GET", f"/batches/{done}")
    for key, schema in (("output_file_id", "Response"), ("error_file_id", "ErrorResponse")):
        ask("GET", f"/files/{batch[key]}")
        for line in send("GET", f"/files/{batch[key]}/content").splitlines():
            fits(key, SCHEMAS[schema], json.loads(line)["response"]["body"])
    for file in files + [batch["output_file_id"], batch["error_file_id"]]:
        ask("DELETE", f"/files/{file}")


def models():
    """Every model has a day of its end, or null."""
    for model in ask("GET", "/models")["data"]:
        agree(f"{model['id']}: shutdown_date", "shutdown_date" in model, True)
        agree(model["id"], ask("GET", f"/models/{model['id']}"), model)


def agree(what, got, wanted):
    verdicts.append(got == wanted)
    if got != wanted:
        print(f"FAIL {what}\n     got {got!r}, wanted {wanted!r}")


def costs(file):
    """What is counted beforehand is what an answer took; what came first is known to the next question."""
    found = []
    for question in ("What rusts?", "What melts?"):
        parts = [{"type": "input_file", "file_id": file}, {"type": "input_text", "text": question}]
        body = {"model": "gpt-5.2", "input": [{"role": "user", "content": parts}]}
        usage = ask("POST", "/responses", body)["usage"]
        count = ask("POST", "/responses/input_tokens", body)["input_tokens"]
        agree("input_tokens", count, usage["input_tokens"])
        found.append(usage["input_tokens_details"]["cached_tokens"])
    agree("cached_tokens", found, [0, 2048])


def windows():
    """What waits for its time, and what else came later."""
    body = {"model": "gpt-6.2-sol", "input": "What rusts?", "safety_identifier": "x" * 128}
    later = {"background": True, "background_options": {"completion_window": "8h"}, "access_programs": {"cyber": "standard"}}
    response = ask("POST", "/responses", body | later)
    agree("background_options", "background_options" in response, False)
    for _ in range(2):
        response = ask("GET", f"/responses/{response['id']}")
    agree("phases", [item["phase"] for item in response["output"]], ["commentary", "final_answer"])
    agree("service_tier, store", [response["service_tier"], response["store"]], ["default", True])


def answers(store):
    tool = {"type": "file_search", "vector_store_ids": [store], "max_num_results": 3}
    body = {"model": "gpt-5.2", "input": "What rusts?", "tools": [tool], "include": ["file_search_call.results"]}
    response = ask("POST", "/responses", body)
    ask("GET", f"/responses/{response['id']}")
    ask("GET", f"/responses/{response['id']}/input_items")
    ask("POST", "/responses/input_tokens", {"model": "gpt-5.2", "input": "What rusts?"})
    events = {
        SCHEMAS[named(event["$ref"])]["properties"]["type"]["enum"][0]: event
        for event in SCHEMAS["ResponseStreamEvent"]["anyOf"]
    }
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    function = {"type": "function", "name": "weather", "parameters": schema}
    forced = {"tools": [function], "tool_choice": {"type": "function", "name": "weather"}}
    ask("POST", "/responses", body | forced)
    for more in ({}, forced):
        for line in send("POST", "/responses", body | more | {"stream": True}).splitlines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                fits(event["type"], events[event["type"]], event)
    send("DELETE", f"/responses/{response['id']}")


def completions(file):
    """The older form, whole and in chunks."""
    parts = [{"type": "file", "file": {"file_id": file}}, {"type": "text", "text": "What rusts?"}]
    body = {"model": "gpt-5.2", "messages": [{"role": "user", "content": parts}]}
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    function = {"type": "function", "function": {"name": "weather", "parameters": schema}}
    forced = {"tools": [function], "tool_choice": {"type": "function", "function": {"name": "weather"}}}
    for more in ({}, forced):
        ask("POST", "/chat/completions", body | more)
        stream = {"stream": True, "stream_options": {"include_usage": True}}
        lines = [line.removeprefix("data: ") for line in send("POST", "/chat/completions", body | more | stream).splitlines() if line]
        agree("the last line", lines.pop(), "[DONE]")
        for line in lines:
            fits("a chunk", SCHEMAS["CreateChatCompletionStreamResponse"], json.loads(line))


def main():
    models()
    windows()
    batches()
    files = [upload("iron.md", IRON), upload("gold.txt", b"Gold never rusts."), upload("figure.png", b"\x89PNG"), upload("long.txt", b"x" * 32000)]
    costs(files[3])
    paper = upload("paper.pdf", b"%PDF-1.4", "user_data")
    completions(paper)
    ask("DELETE", f"/files/{paper}")
    ask("GET", f"/files/{files[0]}")
    ask("GET", "/files?limit=1")
    store = stores(files[:3])
    answers(store)
    ask("DELETE", f"/vector_stores/{store}/files/{files[0]}")
    ask("DELETE", f"/vector_stores/{store}")
    for file in files:
        ask("DELETE", f"/files/{file}")
    print(f"answers: {sum(verdicts)} fit, {len(verdicts) - sum(verdicts)} do not")
    return not all(verdicts)


if __name__ == "__main__":
    raise SystemExit(main())
