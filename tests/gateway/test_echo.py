from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion, CreateEmbeddingResponse, ImagesResponse, ModerationCreateResponse
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from pydantic import BaseModel

from batch_tui.domain.endpoints import ENDPOINTS
from batch_tui.gateway.answers import Answered, result_line, usage_of
from batch_tui.gateway.echo import read_wish, success
from batch_tui.gateway.feed import Request, read_request

NOW = 1_700_000_000


def asked(url: str, **body: object) -> dict[str, object]:
    request = Request("id-1", "POST", url, json.dumps({"model": "gpt-4o", **body}).encode())
    answer = success(request, read_wish(request.body), NOW)
    assert answer.status == 200, answer.body
    value = json.loads(answer.body)
    assert isinstance(value, dict)
    return value


CHAT = [{"role": "user", "content": "ping"}]


@pytest.mark.parametrize(
    ("url", "body", "shape"),
    [
        ("/v1/chat/completions", {"messages": CHAT}, ChatCompletion),
        ("/v1/completions", {"prompt": "ping"}, Completion),
        ("/v1/embeddings", {"input": ["a", "b"]}, CreateEmbeddingResponse),
        ("/v1/moderations", {"input": "a"}, ModerationCreateResponse),
        ("/v1/images/generations", {"prompt": "a"}, ImagesResponse),
        ("/v1/images/edits", {"prompt": "a"}, ImagesResponse),
        ("/v1/responses", {"input": "ping"}, Response),
    ],
)
def test_every_answer_has_the_shape_of_its_endpoint_and_names_the_model_asked_for(
    url: str, body: dict[str, object], shape: type[BaseModel]
) -> None:
    answer = asked(url, **body)
    assert answer["model"] == "gpt-4o"
    # What the service echoes of the request's own settings is all that may be missing.
    settings = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": list[str](), "object": "list"}
    shape.model_validate(settings | answer)


def test_every_endpoint_of_the_api_has_an_answer() -> None:
    for url in ENDPOINTS:
        assert asked(url, messages=CHAT, input="a", prompt="a")["model"] == "gpt-4o"


def test_an_answer_can_name_a_dated_snapshot_and_a_request_without_a_model_gets_echo() -> None:
    dated = asked("/v1/chat/completions", messages=CHAT, echo={"model": "gpt-4o-2024-08-06"})
    assert dated["model"] == "gpt-4o-2024-08-06"
    assert asked("/v1/moderations", input="a", model="")["model"] == "echo"


def test_a_text_says_that_echo_wrote_it() -> None:
    answer = ChatCompletion.model_validate(asked("/v1/chat/completions", messages=CHAT))
    assert answer.choices[0].message.content == "echo: ping"
    assert answer.system_fingerprint == "fp_echo"


def test_the_same_request_gets_the_same_answer() -> None:
    assert asked("/v1/chat/completions", messages=CHAT) == asked("/v1/chat/completions", messages=CHAT)


def test_the_last_message_comes_back_whatever_its_parts() -> None:
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "two"},
    ]
    answer = ChatCompletion.model_validate(
        asked("/v1/chat/completions", messages=[*CHAT, {"role": "user", "content": parts}])
    )
    assert answer.choices[0].message.content == "echo: one\ntwo"
    assert answer.choices[0].finish_reason == "stop"


def test_an_answer_is_as_long_as_asked_for_and_cut_where_the_request_says() -> None:
    long = ChatCompletion.model_validate(asked("/v1/chat/completions", messages=CHAT, echo={"length": 500}))
    cut = ChatCompletion.model_validate(
        asked("/v1/chat/completions", messages=CHAT, echo={"length": 500}, max_completion_tokens=10)
    )
    assert len((long.choices[0].message.content or "").split()) == 500
    assert len((cut.choices[0].message.content or "").split()) == 10
    assert cut.choices[0].finish_reason == "length"


def test_a_cut_response_is_incomplete() -> None:
    answer = asked("/v1/responses", input="a", echo={"finish": "length"})
    assert answer["status"] == "incomplete"
    assert answer["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize(("given_input", "count"), [("a", 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2)])
def test_each_embedding_input_gets_a_vector_of_length_one(given_input: object, count: int) -> None:
    answer = CreateEmbeddingResponse.model_validate(asked("/v1/embeddings", input=given_input, dimensions=32))
    assert len(answer.data) == count
    for row in answer.data:
        assert len(row.embedding) == 32
        assert sum(x * x for x in row.embedding) == pytest.approx(1, abs=1e-3)


def test_an_embedding_can_be_packed() -> None:
    plain = asked("/v1/embeddings", input="a")["data"]
    packed = asked("/v1/embeddings", input="a", encoding_format="base64")["data"]
    assert isinstance(plain, list)
    assert isinstance(packed, list)
    numbers = struct.unpack("<16f", base64.b64decode(packed[0]["embedding"]))
    assert numbers == pytest.approx(plain[0]["embedding"], abs=1e-6)


def test_a_body_without_what_it_needs_is_refused_like_the_service_does() -> None:
    request = Request("a", "POST", "/v1/chat/completions", b'{"model":"m"}')
    answer = success(request, read_wish(request.body), NOW)
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["message"] == "Missing required parameter: 'messages'."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["model", "messages", "input", "prompt", "echo", "n", "max_tokens", "instructions"])


@given(st.sampled_from(ENDPOINTS), st.dictionaries(KEYS, JSON))
def test_no_body_can_upset_the_model(url: str, body: dict[str, object]) -> None:
    line = json.dumps({"custom_id": "x", "method": "POST", "url": url, "body": body}).encode()
    request = read_request(line)
    assert request is not None
    answer = success(request, read_wish(request.body), NOW)
    usage_of(answer.body)
    assert json.loads(result_line("x", answer))["response"]["status_code"] == answer.status


@pytest.mark.parametrize(
    "content", ['"\\ud800"', "[" * 900 + "]" * 900, "1e400", "123456789012345678901234567890", '"\\u0000"']
)
def test_bodies_at_the_edge_of_json_get_an_answer(content: str) -> None:
    body = '{"model":"m","messages":[{"role":"user","content":' + content + "}]}"
    line = '{"custom_id":"x","method":"POST","url":"/v1/chat/completions","body":' + body + "}"
    request = read_request(line.encode())
    assert request is not None
    answer = success(request, read_wish(request.body), NOW)
    assert isinstance(answer, Answered)
    assert answer.status in {200, 400}
