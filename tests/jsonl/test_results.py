from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Usage
from batch_tui.domain.lines import Outcome, ResultLine
from batch_tui.jsonl.results.line import patient_facts, read_facts, read_result_line
from batch_tui.jsonl.results.wire import fast_facts
from tests.support.result_files import answer_line, failure_line, not_run_line, result_line


def read(line: bytes) -> ResultLine:
    result = read_result_line(line)
    assert result is not None
    return result


def test_a_chat_answer_is_read_with_its_tokens() -> None:
    body = {
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "flex",
        "choices": [{"index": 0, "message": {"content": "hi", "refusal": None}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 5,
            "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    }
    assert read(result_line("a", 200, body)) == ResultLine(
        custom_id="a",
        outcome=Outcome.SUCCEEDED,
        status_code=200,
        finish_reason="stop",
        model="gpt-4o-mini-2024-07-18",
        service_tier="flex",
        usage=Usage(input_tokens=7, cached_tokens=4, output_tokens=5, reasoning_tokens=3, total_tokens=12),
    )


def test_a_responses_answer_is_read_with_its_tokens() -> None:
    body = {
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
        ],
        "usage": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 1},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 12,
        },
    }
    line = read(result_line("a", 200, body))
    assert (line.finish_reason, line.usage) == ("completed", Usage(7, 1, 5, 2, 12))


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 8, "total_tokens": 8}, Usage(8, 0, 0, 0, 8)),
        ({"prompt_tokens": 8, "completion_tokens": 2}, Usage(8, 0, 2, 0, 10)),
        ({"input_tokens": 3, "output_tokens": 4, "total_tokens": None}, Usage(3, 0, 4, 0, 7)),
        ({"prompt_tokens": 8, "prompt_tokens_details": None}, Usage(8, 0, 0, 0, 8)),
        ({"prompt_tokens": 8.0, "completion_tokens": "x"}, Usage(8, 0, 0, 0, 8)),
        ({"prompt_tokens": -5, "total_tokens": 10**400}, Usage(0, 0, 0, 0, 2**32 - 1)),
        ({}, Usage()),
        (None, None),
        ("many", None),
    ],
)
def test_usage_of_any_shape_is_read(usage: object, expected: Usage | None) -> None:
    assert read(result_line("a", 200, {"usage": usage})).usage == expected


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        ({"choices": [{"finish_reason": "length", "message": {}}]}, "length"),
        ({"choices": [{"finish_reason": "stop", "message": {"refusal": "I can't."}}]}, "refusal"),
        ({"choices": [{"finish_reason": "content_filter", "message": {"refusal": "No."}}]}, "content_filter"),
        ({"choices": [{"finish_reason": "stop"}, {"finish_reason": "length"}]}, "length"),
        ({"choices": [{"finish_reason": "stop"}, {"finish_reason": "stop"}]}, "stop"),
        ({"choices": [{"text": "old completions", "finish_reason": "stop"}]}, "stop"),
        ({"choices": [{"finish_reason": None}]}, ""),
        ({"choices": []}, ""),
        ({"choices": "none"}, ""),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "incomplete"),
        ({"status": "completed", "output": [{"content": [{"type": "refusal", "refusal": "No."}]}]}, "refusal"),
        ({"status": "completed", "output": [{"content": "text"}]}, "completed"),
        ({"object": "list", "data": [{"embedding": [0.5, -1e-9]}]}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_an_answer_tells_how_it_ended(body: object, finish: str) -> None:
    line = read(result_line("a", 200, body))
    assert (line.outcome, line.finish_reason) == (Outcome.SUCCEEDED, finish)


@pytest.mark.parametrize("status", [200, 201, 299, 200.0, "200"])
def test_every_2xx_without_an_error_is_a_success(status: object) -> None:
    assert read(result_line("a", status, {})).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("error", [{}, "", [], False, 0])
def test_an_empty_error_is_none(error: object) -> None:
    assert read(result_line("a", 200, {}, error=error)).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "read_as"), [(0, 0), (199, 199), (300, 300), (500, 500), (None, None), ("no", None), (True, None)]
)
def test_any_other_status_is_a_failure(status: object, read_as: int | None) -> None:
    line = read(result_line("a", status, {}))
    assert (line.outcome, line.status_code) == (Outcome.FAILED, read_as)


def test_a_200_with_an_error_beside_it_is_a_failure() -> None:
    line = read(result_line("a", 200, {}, error={"code": "odd", "message": "Both."}))
    assert (line.outcome, line.code, line.message) == (Outcome.FAILED, "odd", "Both.")


def test_what_never_ran_says_so() -> None:
    line = read(not_run_line("a", "batch_cancelled"))
    assert (line.outcome, line.status_code, line.code) == (Outcome.NOT_RUN, None, "batch_cancelled")
    assert line.message == "It did not run."


@pytest.mark.parametrize("line", [b"{}", b'{"custom_id":"a"}', b'{"custom_id":"a","response":null,"error":null}'])
def test_a_line_without_a_response_never_ran(line: bytes) -> None:
    assert read(line).outcome is Outcome.NOT_RUN


def test_a_failure_may_come_without_a_response() -> None:
    line = read(not_run_line("a", "request_failed"))  # as OGX writes what ran and failed
    assert (line.outcome, line.status_code, line.code) == (Outcome.FAILED, None, "request_failed")


def test_a_failure_tells_code_and_message() -> None:
    line = read(failure_line("a", 429, "rate_limit_exceeded", "Slow down."))
    assert (line.outcome, line.status_code, line.code, line.message) == (
        Outcome.FAILED,
        429,
        "rate_limit_exceeded",
        "Slow down.",
    )


def test_the_type_stands_in_for_a_code_that_is_null() -> None:
    assert read(failure_line("a", 500, None)).code == "some_error"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": "plain text"}, "", "plain text"),
        ({"error": {"code": 1234, "message": "number"}}, "1234", "number"),
        ({"error": {"message": {"deep": 1}}}, "", '{"deep": 1}'),
        ({"error": [{"code": "first", "message": "of many"}]}, "first", "of many"),
        ({"detail": "from a web framework"}, "", "from a web framework"),
        ({"detail": [{"msg": "field required", "type": "missing"}]}, "missing", "field required"),
        ({"code": "flat", "message": "no error key"}, "flat", "no error key"),
        ({"error": []}, "", ""),
        ({"error": None}, "", ""),
        ("upstream connect error", "", "upstream connect error"),
        ([1], "", ""),
        (None, "", ""),
    ],
)
def test_an_error_of_any_shape_is_read(body: object, code: str, message: str) -> None:
    line = read(result_line("a", 500, body))
    assert (line.code, line.message) == (code, message)


def test_a_body_as_a_json_string_is_read_like_a_body() -> None:
    body = json.dumps({"choices": [{"finish_reason": "length"}], "usage": {"prompt_tokens": 1}})
    line = read(result_line("a", 200, body))
    assert (line.finish_reason, line.usage) == ("length", Usage(1, 0, 0, 0, 1))
    failed = json.dumps({"error": {"code": "inside", "message": "a string"}})
    assert read(result_line("a", 400, failed)).code == "inside"


@pytest.mark.parametrize("custom_id", [None, 7, True, ["a"], {}])
def test_a_custom_id_that_is_no_string_is_none(custom_id: object) -> None:
    line = read(result_line(custom_id, 200, {}))
    assert (line.custom_id, line.outcome) == (None, Outcome.SUCCEEDED)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b'"text"',
        b"<html>",
        b'{"custom_id":"a"',
        b'{"custom_id":"a"}{"custom_id":"b"}',
        b'{"custom_id":"a","x":"\xff"}',
        answer_line("a").replace(b"hi", b"caf\xe9"),
        answer_line("a")[:-1],
        b"\x00" * 64,
        b'{"custom_id":"a","x":' + b"[" * 100_000,
        b'{"custom_id":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=range(14),
)
def test_what_is_no_json_object_in_utf8_is_unreadable(line: bytes) -> None:
    assert read_result_line(line) is None


@pytest.mark.parametrize(
    "line",
    [
        answer_line("a") + b"\r\n",
        b"  \t" + answer_line("a") + b" \n",
        b"\xef\xbb\xbf" + answer_line("a"),
        answer_line("a", text="\u2028\u0085\u2029"),
        answer_line("a").replace(b"hi", b"\\ud800"),
        answer_line("a").replace(b'"index": 0', b'"index": 0, "logprob": -Infinity'),
        answer_line("first").replace(b'"custom_id": "first"', b'"custom_id": "first", "custom_id": "a"'),
    ],
    ids=["crlf", "blanks", "bom", "u2028", "lone surrogate", "infinity", "duplicate key"],
)
def test_legal_oddities_are_read(line: bytes) -> None:
    result = read(line)
    assert (result.custom_id, result.outcome) == ("a", Outcome.SUCCEEDED)
    assert result.finish_reason == "stop"


def test_a_plain_success_takes_the_fast_way() -> None:
    assert fast_facts(answer_line("a")) is not None
    assert fast_facts(failure_line("a")) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
counts = st.none() | st.integers(-1, 2**33) | st.floats(0, 10) | json_values
details = st.none() | st.fixed_dictionaries({}, optional={"cached_tokens": counts, "reasoning_tokens": counts})
usages = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": counts,
        "completion_tokens": counts,
        "input_tokens": counts,
        "output_tokens": counts,
        "total_tokens": counts,
        "prompt_tokens_details": details,
        "completion_tokens_details": details,
        "input_tokens_details": details,
        "output_tokens_details": details,
    },
)
words = st.none() | st.sampled_from(["stop", "length", "completed", "incomplete", ""]) | json_values
choices = st.fixed_dictionaries(
    {},
    optional={
        "finish_reason": words,
        "message": st.none() | st.fixed_dictionaries({}, optional={"refusal": words, "content": words}),
    },
)
items = st.fixed_dictionaries(
    {},
    optional={
        "content": st.none()
        | st.lists(st.fixed_dictionaries({}, optional={"type": st.just("refusal") | words}), max_size=2),
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "model": words,
        "service_tier": words,
        "status": words,
        "choices": st.none() | st.lists(choices, max_size=3) | json_values,
        "output": st.none() | st.lists(items, max_size=2) | json_values,
        "usage": usages | json_values,
        "error": json_values,
    },
)
result_objects = st.fixed_dictionaries(
    {},
    optional={
        "custom_id": st.text(max_size=5) | json_values,
        "error": st.none() | json_values,
        "response": st.fixed_dictionaries(
            {},
            optional={
                "status_code": st.just(200) | st.integers(0, 600) | json_values,
                "body": bodies | json_values,
            },
        ),
    },
)


@given(result_objects, st.booleans())
def test_the_fast_way_and_the_patient_way_agree(value: dict[str, object], ascii_only: bool) -> None:  # noqa: FBT001
    line = json.dumps(value, ensure_ascii=ascii_only).encode(errors="replace")
    fast = fast_facts(line)
    assert fast is None or fast == patient_facts(line)
    assert read_facts(line) is not None


@given(json_values)
def test_no_json_value_makes_reading_raise(value: object) -> None:
    line = json.dumps(value).encode()
    assert (read_result_line(line) is None) == (not isinstance(value, dict))


@given(st.binary(max_size=60))
def test_no_bytes_make_reading_raise(line: bytes) -> None:
    read_result_line(line)
