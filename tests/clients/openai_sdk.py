"""Uses oa-mock as a user of the official Python SDK uses the API, with the SDK's own validation made strict.

    oa-mock --key sk-clients -- python tests/clients/openai_sdk.py

What the SDK accepts here, it accepts from the API; so the tools that are tested against oa-mock are tested
against something that a client written by others understands, too. One line per check on stdout; the status
is 1 if one failed.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import time
import traceback
import urllib.request

import openai
from openai import AsyncOpenAI, OpenAI

MODEL = "gpt-5.2"
PDF = b"%PDF-1.4\n%%EOF\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
QUESTION = {"type": "input_text", "text": "What is this?"}

client = OpenAI(_strict_response_validation=True)
once = client.with_options(max_retries=0)
checks = []


def check(function):
    checks.append(function)
    return function


def mock(method, path, body=None):
    """A request to the server's own controls, which no client of the API knows."""
    root = os.environ["OPENAI_BASE_URL"].removesuffix("/v1")
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(root + path, data=data, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["OPENAI_API_KEY"])
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def ledger():
    return json.loads(mock("GET", "/mock/ledger"))


def upload(name, content, purpose="user_data", **more):
    return client.files.create(file=(name, content), purpose=purpose, **more)


def ask(*parts, **more):
    return client.responses.create(model=MODEL, input=[{"role": "user", "content": [QUESTION, *parts]}], **more)


def file_part(file, **more):
    return {"type": "input_file", "file_id": file.id, **more}


def image_part(file, **more):
    return {"type": "input_image", "file_id": file.id, "detail": "auto", **more}


def inline(kind, content):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


def proves(response, *contents):
    """The answer has to name what arrived, by its digest."""
    equal(response.status, "completed")
    for content in contents:
        digest = hashlib.sha256(content).hexdigest()
        assert digest in response.output_text, f"{digest} is not in {response.output_text!r}"


def refused(kind, call, **wanted):
    """`call` has to raise exactly this exception, with these members; gives it back."""
    try:
        got = call()
    except openai.APIStatusError as error:
        equal(type(error).__name__, kind.__name__)
        equal({name: getattr(error, name) for name in wanted}, wanted)
        assert error.request_id, "the answer has no x-request-id"
        return error
    raise AssertionError(f"was not refused, but answered {got!r}")


# --- files


@check
def an_upload_answers_the_file():
    file = upload("report.pdf", PDF, expires_after={"anchor": "created_at", "seconds": 3600})
    equal((file.object, file.filename, file.bytes, file.purpose), ("file", "report.pdf", len(PDF), "user_data"))
    equal(file.expires_at, file.created_at + 3600)
    assert abs(file.created_at - time.time()) < 60


@check
def an_upload_without_an_expiry_has_none():
    file = upload("figure.png", PNG, "vision")
    equal((file.filename, file.bytes, file.purpose, file.expires_at), ("figure.png", len(PNG), "vision", None))


@check
def odd_names_arrive_whole():
    for name in ("Umsätze 2026.csv", 'a "quoted" name.txt', "a;b=c.txt", "日本語.pdf"):
        equal(upload(name, b"1").filename, name)


@check
def every_purpose_is_taken():
    for purpose in ("assistants", "batch", "fine-tune", "vision", "user_data"):
        name = "figure.png" if purpose == "vision" else "lines.jsonl"
        equal(upload(name, PNG if purpose == "vision" else b"{}\n", purpose).purpose, purpose)


@check
def a_file_is_found_by_its_id():
    file = upload("report.pdf", PDF)
    equal(client.files.retrieve(file.id).model_dump(), file.model_dump())


@check
def uploads_at_the_same_time_are_all_kept():
    async def all_at_once():
        async with AsyncOpenAI(_strict_response_validation=True) as many:
            jobs = [many.files.create(file=(f"{n}.txt", b"%d" % n), purpose="user_data") for n in range(20)]
            return await asyncio.gather(*jobs)

    files = asyncio.run(all_at_once())
    equal(sorted(file.filename for file in files), sorted(f"{n}.txt" for n in range(20)))
    equal(len({file.id for file in files}), 20)


@check
def a_list_goes_over_many_pages():
    made = [upload(f"page{n}.jsonl", b"{}\n", "fine-tune").id for n in range(5)]
    known = [file.id for file in client.files.list(limit=1000, order="asc")]
    equal(known[-5:], made)
    equal([file.id for file in client.files.list(limit=2, order="asc")], known)
    equal([file.id for file in client.files.list(limit=2, order="desc")], known[::-1])
    equal([file.id for file in client.files.list(limit=2, order="asc", after=made[1])], made[2:])
    only = [file.id for file in client.files.list(limit=2, purpose="fine-tune")]
    equal(set(only) >= set(made) and len(only) == len(set(only)), True)
    equal({file.purpose for file in client.files.list(purpose="fine-tune")}, {"fine-tune"})


@check
def a_deleted_file_is_gone():
    file = upload("gone.pdf", PDF)
    answer = client.files.delete(file.id)
    equal((answer.id, answer.object, answer.deleted), (file.id, "file", True))
    refused(openai.NotFoundError, lambda: client.files.retrieve(file.id), code=None, param="id")
    refused(openai.NotFoundError, lambda: client.files.delete(file.id), code=None, param="id")


@check
def what_a_user_uploaded_cannot_be_read_back():
    file = upload("mine.pdf", PDF)
    error = refused(openai.BadRequestError, lambda: client.files.content(file.id))
    assert "Not allowed to download files of purpose: user_data" in error.message, error.message


@check
def an_upload_with_a_wrong_field_is_refused():
    flat = {"expires_after": "3600"}
    refused(openai.BadRequestError, lambda: upload("a.pdf", PDF, extra_body=flat))
    refused(openai.BadRequestError, lambda: upload("a.pdf", PDF, purpose="picture"))
    short = {"anchor": "created_at", "seconds": 60}
    refused(openai.BadRequestError, lambda: upload("a.pdf", PDF, expires_after=short))


# --- questions


@check
def text_alone_is_answered():
    response = client.responses.create(model=MODEL, input="Hello")
    equal((response.object, response.status, response.error), ("response", "completed", None))
    assert response.output_text
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0


@check
def a_file_and_a_picture_arrive():
    response = ask(file_part(upload("report.pdf", PDF)), image_part(upload("figure.png", PNG, "vision")))
    proves(response, PDF, PNG)


@check
def inline_files_arrive():
    pdf = {"type": "input_file", "filename": "report.pdf", "file_data": inline("application/pdf", PDF)}
    png = {"type": "input_image", "image_url": inline("image/png", PNG), "detail": "low"}
    proves(ask(pdf, png), PDF, PNG)


@check
def the_request_is_echoed():
    response = ask(
        instructions="Be brief",
        max_output_tokens=200,
        metadata={"team": "a"},
        reasoning={"effort": "low"},
        temperature=0.5,
    )
    equal((response.instructions, response.max_output_tokens, response.metadata), ("Be brief", 200, {"team": "a"}))
    equal((response.reasoning.effort, response.temperature, response.store), ("low", 0.5, True))
    assert response.model.startswith(MODEL), response.model


@check
def a_schema_is_kept():
    schema = {"type": "object", "properties": {"z": {"type": "string"}}, "required": ["z"], "additionalProperties": False}
    form = {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": schema}}
    response = ask(text=form)
    equal(response.text.format.schema_, schema)
    json.loads(response.output_text)


@check
def a_stored_response_is_found_and_deleted():
    response = ask()
    equal(client.responses.retrieve(response.id).output_text, response.output_text)
    client.responses.delete(response.id)
    refused(openai.NotFoundError, lambda: client.responses.retrieve(response.id))
    refused(openai.NotFoundError, lambda: client.responses.retrieve("resp_unknown"))


@check
def what_is_not_stored_is_not_found():
    refused(openai.NotFoundError, lambda: client.responses.retrieve(ask(store=False).id))


@check
def a_conversation_goes_on():
    first = ask(file_part(upload("report.pdf", PDF)))
    second = client.responses.create(model=MODEL, input="And now?", previous_response_id=first.id)
    equal((second.status, second.previous_response_id), ("completed", first.id))
    refused(
        openai.BadRequestError,
        lambda: client.responses.create(model=MODEL, input="?", previous_response_id="resp_unknown"),
        param="previous_response_id",
    )


@check
def the_input_can_be_listed():
    file = upload("report.pdf", PDF)
    response = ask(file_part(file))
    items = list(client.responses.input_items.list(response.id))
    equal(len(items), 1)
    equal((items[0].type, items[0].role), ("message", "user"))
    equal([part.type for part in items[0].content], ["input_text", "input_file"])
    equal((items[0].content[0].text, items[0].content[1].file_id), (QUESTION["text"], file.id))


@check
def tokens_are_counted_as_the_answer_counts_them():
    body = {"model": MODEL, "input": [{"role": "user", "content": [QUESTION, file_part(upload("report.pdf", PDF))]}]}
    body |= {"instructions": "Be brief", "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}]}
    count = client.responses.input_tokens.count(**body)
    equal(count.object, "response.input_tokens")
    equal(count.input_tokens, client.responses.create(**body).usage.input_tokens)


def read_before(file, question, **more):
    """Tokens of a question about a file that had been read before, and those that were kept for later ones."""
    parts = [file, {"type": "input_text", "text": question}]
    body = {"model": MODEL, "input": [{"role": "user", "content": parts}]} | more
    usage = client.responses.create(**body).usage
    assert usage.input_tokens > 2048, usage
    return usage.input_tokens_details.cached_tokens, usage.input_tokens_details.cache_write_tokens


@check
def a_file_that_comes_first_is_read_once():
    file = file_part(upload("long.txt", b"x" * 32000))
    equal([read_before(file, question) for question in ("One?", "Two?")], [(0, 0), (2048, 0)])
    key = {"prompt_cache_key": "k", "prompt_cache_retention": "24h"}
    equal([read_before(file, question, **key) for question in ("One?", "Two?")], [(0, 0), (2048, 0)])


@check
def newer_models_find_a_file_again_up_to_a_breakpoint():
    file, newer = file_part(upload("long.txt", b"y" * 32000)), {"model": "gpt-6.2-sol"}
    equal([read_before(file, question, **newer)[0] for question in ("One?", "Two?")], [0, 0])
    file["prompt_cache_breakpoint"] = {"mode": "explicit"}
    newer["prompt_cache_options"] = {"mode": "explicit", "ttl": "12h"}
    equal([read_before(file, question, **newer) for question in ("One?", "Two?")], [(0, 2085), (2085, 0)])


# --- models


@check
def models_are_listed_with_their_last_day():
    days = {model.id: model.shutdown_date for model in client.models.list()}
    wanted = {"gpt-5.2": None, "gpt-6.2-astra": None, "gpt-6.2-sol": None, "gpt-6-luna": None}
    wanted |= {"gpt-5": "2026-12-11", "gpt-5.1": "2027-04-01"}
    equal({id: days[id] for id in wanted}, wanted)
    equal(client.models.retrieve("gpt-5").shutdown_date, "2026-12-11")
    refused(openai.NotFoundError, lambda: client.models.retrieve("gpt-7"), code="model_not_found")


@check
def a_model_that_is_none_is_refused():
    call = lambda: client.responses.create(model="gpt-7", input="Hello")
    error = refused(openai.BadRequestError, call, code="model_not_found", param="model")
    assert "The requested model 'gpt-7' does not exist." in error.message, error.message


@check
def newer_models_comment_and_have_nothing_to_sample():
    response = client.responses.create(model="gpt-6.2-sol", input="Hello")
    equal([item.phase for item in response.output], ["commentary", "final_answer"])
    # What was said goes back with its phase.
    items = [item.model_dump(exclude_none=True) for item in response.output]
    more = {"role": "user", "content": "And now?"}
    equal(client.responses.create(model="gpt-6.2-sol", input=[*items, more]).status, "completed")
    for wrong in ({"temperature": 1}, {"top_p": 0.5}, {"reasoning": {"effort": "none"}}):
        refused(openai.BadRequestError, lambda: client.responses.create(model="gpt-6.2-sol", input="Hi", **wrong))


# --- streams


def parts_of(events):
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


@check
def the_parts_of_a_stream_make_the_answer():
    events = list(ask(image_part(upload("figure.png", PNG, "vision")), stream=True))
    equal(events[0].type, "response.created")
    equal(events[-1].type, "response.completed")
    first = events[0].sequence_number
    equal([event.sequence_number for event in events], list(range(first, first + len(events))))
    proves(events[-1].response, PNG)
    equal(parts_of(events), events[-1].response.output_text)
    assert sum(event.type == "response.output_text.delta" for event in events) > 1


@check
def the_helper_of_the_sdk_puts_a_stream_together():
    with client.responses.stream(model=MODEL, input="Hello") as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    equal((final.status, final.output_text), ("completed", text))


@check
def a_stream_of_the_background_can_be_taken_up_again():
    stream = ask(background=True, stream=True)
    seen = []
    for event in stream:
        seen.append(event)
        if event.type == "response.output_text.delta":
            break
    stream.close()
    rest = list(client.responses.retrieve(seen[0].response.id, stream=True, starting_after=seen[-1].sequence_number))
    equal(rest[0].sequence_number, seen[-1].sequence_number + 1)
    equal(parts_of(seen + rest), rest[-1].response.output_text)


# --- the background


def wait(response):
    statuses = [response.status]
    while response.status in ("queued", "in_progress"):
        response = client.responses.retrieve(response.id)
        statuses.append(response.status)
        assert len(statuses) < 100, statuses
    return response, statuses


@check
def the_background_is_polled():
    response, statuses = wait(ask(file_part(upload("report.pdf", PDF)), background=True))
    equal(statuses, ["queued", "in_progress", "completed"])
    proves(response, PDF)
    equal(response.background, True)


@check
def the_background_may_take_its_time():
    later = {"model": "gpt-6.2-sol", "input": "Hello", "background_options": {"completion_window": "8h"}}
    response, statuses = wait(client.responses.create(**later, background=True))
    equal((statuses[0], response.status, response.service_tier), ("queued", "completed", "default"))
    equal("background_options" in response.to_dict(), False)
    create = client.responses.create
    refused(openai.BadRequestError, lambda: create(**later), param="background_options")
    window = "background_options.completion_window"
    refused(openai.BadRequestError, lambda: create(**later, background=True, stream=True), param=window)
    refused(openai.BadRequestError, lambda: create(**later, background=True, service_tier="priority"), param=window)


@check
def members_that_came_later_are_taken():
    programs = {"cyber": "standard"}
    cache = {"ttl": "12h", "comparison_response_id": "resp_1", "prewarm": False}
    more = {"image": {"context_compression": "auto"}, "safety_identifier": "x" * 128}
    response = ask(access_programs=programs, prompt_cache_options=cache, **more)
    equal((response.access_programs.cyber, response.prompt_cache_options.ttl), ("standard", "12h"))
    equal(response.safety_identifier, "x" * 128)
    refused(openai.BadRequestError, lambda: ask(safety_identifier="x" * 129), param="safety_identifier")


@check
def the_background_is_cancelled():
    mock("POST", "/mock/faults", "POST /responses end status=in_progress x1")
    response = ask(background=True)
    equal(response.status in ("queued", "in_progress"), True)
    equal(client.responses.cancel(response.id).status, "cancelled")
    equal(client.responses.cancel(response.id).status, "cancelled")
    equal(client.responses.retrieve(response.id).status, "cancelled")
    refused(openai.NotFoundError, lambda: client.responses.cancel("resp_unknown"))


@check
def a_failed_and_an_incomplete_response_say_why():
    mock("POST", "/mock/faults", "POST /responses end status=failed code=server_error message=Broken x1")
    failed = ask()
    equal((failed.status, failed.error.code, failed.error.message), ("failed", "server_error", "Broken"))
    mock("POST", "/mock/faults", "POST /responses end status=incomplete reason=max_output_tokens text=Half x1")
    half = ask()
    equal((half.status, half.incomplete_details.reason, half.output_text), ("incomplete", "max_output_tokens", "Half"))


# --- refusals


def refuses(part, **wanted):
    error = refused(openai.BadRequestError, lambda: ask(part), **wanted)
    equal(error.type, "invalid_request_error")
    return error


@check
def the_older_name_of_a_picture_is_unknown():
    file = upload("figure.png", PNG, "vision")
    part = {"type": "input_image", "image_file_id": file.id, "detail": "auto"}
    refuses(part, code="unknown_parameter", param="input[0].content[1].image_file_id")


@check
def a_part_has_one_source():
    file = upload("report.pdf", PDF)
    refuses({"type": "input_image", "detail": "auto"}, code="missing_mutually_exclusive_parameters")
    refuses(file_part(file, filename="report.pdf"), code="mutually_exclusive_parameters")
    refuses(
        {"type": "input_file", "file_url": "https://example.com/a.pdf", "filename": "a.pdf"},
        code="mutually_exclusive_parameters",
    )


@check
def inline_data_is_a_data_url_with_a_name():
    bare = base64.b64encode(PDF).decode()
    refuses({"type": "input_file", "filename": "a.pdf", "file_data": bare}, code="invalid_value")
    refuses({"type": "input_file", "file_data": inline("application/pdf", PDF)})
    refuses({"type": "input_image", "image_url": inline("application/pdf", PDF), "detail": "auto"}, code="invalid_value")


@check
def the_stored_name_decides_what_a_file_is():
    png, pdf = upload("figure.png", PNG), upload("report.pdf", PDF)
    error = refuses(file_part(png), code=None, param="input")
    assert "but got .png" in error.message, error.message
    error = refuses(image_part(pdf), code=None, param="input")
    assert "but got .pdf" in error.message, error.message
    error = refuses(file_part(upload("README", b"text")), code=None, param="input")
    assert "but got none" in error.message, error.message


@check
def an_unknown_member_of_the_body_is_refused():
    call = lambda: client.responses.create(model=MODEL, input="Hello", extra_body={"max_tokens": 5})
    refused(openai.BadRequestError, call, code="unknown_parameter", param="max_tokens")


@check
def a_wrong_key_is_refused():
    stranger = OpenAI(api_key="sk-wrong", _strict_response_validation=True)
    refused(openai.AuthenticationError, lambda: stranger.files.list(), code="invalid_api_key")


# --- trouble


def tries(path):
    """The statuses of the requests to `path`, in order."""
    return [request["status"] for request in ledger()["requests"] if request["path"] == path]


@check
def too_many_requests_are_tried_again():
    before = len(tries("/v1/files"))
    mock("POST", "/mock/faults", "POST /files 429 retry-after-ms=5 x2")
    equal(upload("later.pdf", PDF).filename, "later.pdf")
    equal(tries("/v1/files")[before:], [429, 429, 200])


@check
def faults_raise_what_the_sdk_promises():
    mock("POST", "/mock/faults", "POST /responses 429 code=insufficient_quota x1")
    ask_once = lambda: once.responses.create(model=MODEL, input="Hello")
    refused(openai.RateLimitError, ask_once, code="insufficient_quota", type="insufficient_quota")
    mock("POST", "/mock/faults", "POST /responses 503 x1")
    refused(openai.InternalServerError, ask_once, status_code=503)
    mock("POST", "/mock/faults", "POST /responses cut x1")
    try:
        ask_once()
    except openai.APIConnectionError:
        pass
    else:
        raise AssertionError("a cut connection was taken for an answer")
    equal(ask_once().status, "completed")


# --- vector stores

IRON, GOLD = b"Iron rusts in wet air.\nIt melts at 1538 degrees.", b"Gold never rusts."


@contextlib.contextmanager
def a_store(**more):
    store = client.vector_stores.create(name="metals", **more)
    try:
        yield store.id
    finally:
        client.vector_stores.delete(store.id)


@contextlib.contextmanager
def metals():
    """A store of two files, iron.md of 2024 and gold.txt of 2025."""
    with a_store() as store:
        files = [upload("iron.md", IRON, "assistants"), upload("gold.txt", GOLD, "assistants")]
        entries = [{"file_id": file.id, "attributes": {"year": 2024 + n}} for n, file in enumerate(files)]
        batch = client.vector_stores.file_batches.create_and_poll(store, files=entries)
        equal((batch.status, batch.file_counts.completed, batch.file_counts.total), ("completed", 2, 2))
        yield store, files


@check
def a_store_is_made_changed_listed_and_deleted():
    with a_store(expires_after={"anchor": "last_active_at", "days": 1}, metadata={"team": "a"}) as id:
        store = client.vector_stores.retrieve(id)
        equal((store.name, store.status, store.metadata), ("metals", "completed", {"team": "a"}))
        equal(store.expires_at, store.last_active_at + 86400)
        equal(client.vector_stores.update(id, name="more").name, "more")
        assert id in [store.id for store in client.vector_stores.list(limit=1)]
    refused(openai.NotFoundError, lambda: client.vector_stores.retrieve(id))


@check
def a_file_is_uploaded_and_polled():
    with a_store() as store:
        file = client.vector_stores.files.upload_and_poll(vector_store_id=store, file=("iron.md", IRON))
        equal((file.status, file.usage_bytes, file.last_error), ("completed", len(IRON), None))
        equal(client.vector_stores.files.update(file.id, vector_store_id=store, attributes={"a": 1}).attributes, {"a": 1})
        pages = client.vector_stores.files.content(file.id, vector_store_id=store)
        equal([page.text for page in pages], [IRON.decode()])
        equal(client.vector_stores.files.delete(file.id, vector_store_id=store).deleted, True)
        equal(client.files.retrieve(file.id).filename, "iron.md")


@check
def a_file_that_cannot_be_searched_fails():
    with a_store() as store:
        picture = upload("figure.png", PNG, "assistants")
        file = client.vector_stores.files.create_and_poll(picture.id, vector_store_id=store)
        equal((file.status, file.last_error.code), ("failed", "unsupported_file"))
        failed = client.vector_stores.files.list(store, filter="failed")
        equal([file.id for file in failed], [picture.id])


@check
def a_batch_is_uploaded_and_cancelled():
    with a_store() as store:
        files = [("iron.md", IRON), ("gold.txt", GOLD)]
        batch = client.vector_stores.file_batches.upload_and_poll(store, files=files)
        equal(batch.file_counts.completed, 2)
        listed = client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store, limit=1)
        equal(len(list(listed)), 2)
        mock("POST", "/mock/faults", "POST /vector_stores/*/file_batches end status=in_progress x1")
        ids = [upload("more.txt", GOLD, "assistants").id]
        batch = client.vector_stores.file_batches.create(store, file_ids=ids)
        batch = client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)
        equal((batch.status, batch.file_counts.cancelled), ("cancelled", 1))


@check
def a_store_is_searched():
    with metals() as (store, files):
        found = list(client.vector_stores.search(store, query="What rusts in wet air?"))
        equal([result.file_id for result in found], [file.id for file in files])
        equal((found[0].content[0].text, found[0].attributes), (IRON.decode(), {"year": 2024}))
        year = {"type": "gte", "key": "year", "value": 2025}
        found = list(client.vector_stores.search(store, query=["rusts", "melts"], filters=year, max_num_results=1))
        equal([result.filename for result in found], ["gold.txt"])


@check
def an_answer_cites_what_it_found():
    with metals() as (store, files):
        tool = {"type": "file_search", "vector_store_ids": [store], "max_num_results": 1}
        include = ["file_search_call.results"]
        question = {"model": MODEL, "input": "Which air rusts iron?", "tools": [tool], "include": include}
        response = client.responses.create(**question)
        call, message = response.output
        equal((call.type, call.status, call.results[0].file_id), ("file_search_call", "completed", files[0].id))
        equal([cited.filename for cited in message.content[0].annotations], ["iron.md"])
        events = list(client.responses.create(**question, stream=True))
        names = [event.type for event in events]
        assert "response.file_search_call.searching" in names, names
        assert "response.output_text.annotation.added" in names, names
        equal(parts_of(events), events[-1].response.output_text)


@check
def more_than_two_stores_are_refused():
    tool = {"type": "file_search", "vector_store_ids": ["vs_1", "vs_2", "vs_3"]}
    error = refused(openai.BadRequestError, lambda: ask(tools=[tool]), param="tools")
    assert "maximum of 2 vector stores allowed" in error.message, error.message
    tool["vector_store_ids"] = ["vs_unknown"]
    refused(openai.NotFoundError, lambda: ask(tools=[tool]))


# --- Batches


def submit(*bodies, **more):
    """A Batch of these questions, by their numbers."""
    lines = [{"custom_id": str(n), "method": "POST", "url": "/v1/responses", "body": body} for n, body in enumerate(bodies)]
    file = upload("lines.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode(), "batch")
    return client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h", **more)


def end(batch):
    statuses = [batch.status]
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        batch = client.batches.retrieve(batch.id)
        statuses.append(batch.status)
        assert len(statuses) < 100, statuses
    return batch, statuses


def lines(file):
    return {line["custom_id"]: line for line in map(json.loads, client.files.content(file).iter_lines())}


@check
def a_batch_is_run_and_its_lines_are_read():
    good, wrong = ({"model": MODEL, "input": "Hello"} | more for more in ({}, {"colour": "red"}))
    after = {"anchor": "created_at", "seconds": 3600}
    batch, statuses = end(submit(good, wrong, good, metadata={"team": "a"}, output_expires_after=after))
    equal(statuses, ["validating", "in_progress", "completed"])
    equal((batch.model, batch.metadata, batch.errors), (MODEL, {"team": "a"}, None))
    equal(batch.request_counts.model_dump(exclude={"x_mock"}), {"total": 3, "completed": 2, "failed": 1})
    output, errors = lines(batch.output_file_id), lines(batch.error_file_id)
    equal(([*output], [*errors]), (["2", "0"], ["1"]))
    equal({line["response"]["body"]["status"] for line in output.values()}, {"completed"})
    equal(errors["1"]["response"]["body"]["error"]["code"], "unknown_parameter")
    file = client.files.retrieve(batch.output_file_id)
    equal((file.purpose, file.expires_at), ("batch_output", file.created_at + 3600))


@check
def a_batch_is_cancelled_only_while_it_runs():
    batch = client.batches.cancel(submit({"model": MODEL, "input": "Hello"}).id)
    equal(batch.status, "cancelling")
    batch, _ = end(batch)
    equal((batch.status, batch.output_file_id), ("cancelled", None))
    error = refused(openai.ConflictError, lambda: once.batches.cancel(batch.id))
    assert "Cannot cancel a batch with status 'cancelled'." in error.message, error.message
    refused(openai.NotFoundError, lambda: client.batches.retrieve("batch_unknown"))


@check
def what_is_wrong_with_a_batch_is_said_by_line():
    batch, statuses = end(submit({"model": MODEL, "input": "Hello"}, {"model": "gpt-6-luna", "input": "Hello"}))
    equal(statuses, ["validating", "failed"])
    equal([(error.code, error.line) for error in batch.errors.data], [("model_mismatch", 2)])
    refused(openai.BadRequestError, lambda: upload("lines.txt", b"{}\n", "batch"))
    refused(openai.NotFoundError, lambda: client.batches.create(input_file_id="file-unknown", endpoint="/v1/responses", completion_window="24h"))


@check
def batches_are_listed_by_pages():
    made = [submit({"model": MODEL, "input": "Hello"}).id for _ in range(3)]
    listed = [batch.id for batch in client.batches.list(limit=2)]
    equal(listed[:3], made[::-1])
    equal(len(listed), len(ledger()["batches"]))
    for id in made:
        client.batches.cancel(id)


# --- chat completions


def chat(*parts, **more):
    content = [*parts, {"type": "text", "text": "What is this?"}]
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": content}], **more)


def chat_file(**more):
    return {"type": "file", "file": more}


@check
def a_completion_names_the_file_and_the_picture_that_arrived():
    file = upload("draconomicon.pdf", PDF)
    picture = {"type": "image_url", "image_url": {"url": inline("image/png", PNG)}}
    data = chat_file(filename="inline.pdf", file_data=inline("application/pdf", PDF + b"2"))
    completion = chat(chat_file(file_id=file.id), picture, data)
    choice = completion.choices[0]
    equal((completion.object, choice.finish_reason, choice.message.role, choice.message.refusal), ("chat.completion", "stop", "assistant", None))
    for content, name in ((PDF, "draconomicon.pdf"), (PNG, "image/png"), (PDF + b"2", "inline.pdf")):
        assert f"{name} {len(content)} bytes sha256 {hashlib.sha256(content).hexdigest()}" in choice.message.content, choice.message.content
    usage = completion.usage
    equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)


@check
def a_streamed_completion_says_the_same_as_a_whole_one():
    data = chat_file(filename="inline.pdf", file_data=inline("application/pdf", PDF))
    whole = chat(data).choices[0].message.content
    with chat(data, stream=True, stream_options={"include_usage": True}) as stream:
        chunks = list(stream)
    equal("".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]), whole)
    equal([chunk.choices[0].finish_reason for chunk in chunks[-2:-1]], ["stop"])
    equal((chunks[-1].choices, chunks[0].usage, {chunk.id for chunk in chunks}), ([], None, {chunks[0].id}))
    assert chunks[-1].usage.total_tokens > 0


@check
def a_completion_parses_a_schema_and_calls_a_function():
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"], "additionalProperties": False}
    form = {"type": "json_schema", "json_schema": {"name": "book", "schema": schema, "strict": True}}
    equal(json.loads(chat(response_format=form).choices[0].message.content), {"title": "oa-mock"})
    tool = {"type": "function", "function": {"name": "weather", "parameters": schema}}
    choice = {"type": "function", "function": {"name": "weather"}}
    for stream in (False, True):
        answer = chat(tools=[tool], tool_choice=choice, stream=stream)
        if stream:
            calls = [call for chunk in answer for call in chunk.choices[0].delta.tool_calls or ()]
        else:
            equal(answer.choices[0].finish_reason, "tool_calls")
            calls = answer.choices[0].message.tool_calls
        equal([(call.function.name, json.loads(call.function.arguments)) for call in calls], [("weather", {"title": "oa-mock"})])


@check
def a_completion_that_ends_early_or_not_at_all_says_so():
    mock("POST", "/mock/faults", "POST /chat/completions end status=incomplete x1")
    equal(chat().choices[0].finish_reason, "length")
    mock("POST", "/mock/faults", "POST /chat/completions end status=refusal x1")
    message = chat().choices[0].message
    equal((message.content, bool(message.refusal)), (None, True))
    mock("POST", "/mock/faults", "POST /chat/completions end status=failed x1")
    refused(openai.InternalServerError, lambda: once.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Why?"}]))


@check
def what_a_completion_cannot_hold_is_refused_in_the_apis_words():
    at = "messages[0].content[0].file"
    text = upload("notes.txt", b"Gold never rusts.")
    unknown = refused(openai.NotFoundError, lambda: chat(chat_file(file_id="file-unknown")), param=f"{at}.file_id")
    assert "No such File object: file-unknown" in unknown.message, unknown.message
    wrong = refused(openai.BadRequestError, lambda: chat(chat_file(file_id=text.id)), param="file_id", code="invalid_value")
    assert "Expected a file with an application/pdf MIME type, but got unsupported MIME type 'text/plain'." in wrong.message, wrong.message
    wrong = refused(openai.BadRequestError, lambda: chat(chat_file(filename="a.txt", file_data=inline("text/plain", b"a"))), param=f"{at}.file_data")
    assert "but got unsupported MIME type 'text/plain'." in wrong.message, wrong.message
    wrong = refused(openai.BadRequestError, lambda: chat(chat_file(filename="a.pdf", file_data="AAAA")), param=f"{at}.file_data")
    assert "but got a value without the 'data:' prefix." in wrong.message, wrong.message
    refused(openai.BadRequestError, lambda: chat(chat_file(file_data=inline("application/pdf", PDF))), param=f"{at}.file_id", code="missing_required_parameter")
    picture = {"type": "image_url", "image_url": {"url": inline("image/tiff", b"II")}}
    refused(openai.BadRequestError, lambda: chat(picture), code="invalid_image_format")
    refused(openai.BadRequestError, lambda: chat({"type": "input_text", "text": "Why?"}), param="messages[0].content[0].type", code="invalid_value")
    for body, param in (({"model": MODEL}, "messages"), ({"messages": [{"role": "user", "content": "Why?"}]}, None)):
        refused(openai.BadRequestError, lambda body=body: client.post("/chat/completions", body=body, cast_to=object), param=param)
    refused(openai.BadRequestError, lambda: client.chat.completions.create(model=MODEL, messages=[]), param="messages", code="empty_array")


# --- the end


@check
def nothing_is_left():
    for file in list(client.files.list(limit=3)):
        client.files.delete(file.id)
    for response in ledger()["responses"]:
        client.responses.delete(response["id"])
    equal(list(client.files.list()), [])
    left = ledger()
    equal({batch["status"] for batch in left["batches"]} & {"validating", "in_progress", "finalizing"}, set())
    equal((left["files"], left["responses"], left["stores"]), ([], [], []))


def main():
    failures = 0
    for function in checks:
        name = function.__name__.replace("_", " ")
        try:
            function()
        except Exception as error:
            failures += 1
            print(f"FAIL {name}", flush=True)
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]
            print(f"     line {frames[-1].lineno}: {type(error).__name__}: {error}", flush=True)
            mock("DELETE", "/mock/faults")
        else:
            print(f"ok   {name}", flush=True)
    print(f"clients: {len(checks) - failures} passed, {failures} failed (openai {openai.__version__})")
    return failures > 0


if __name__ == "__main__":
    raise SystemExit(main())
