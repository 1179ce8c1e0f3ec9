from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.jsonl.results.text import answer_text
from tests.support.result_files import answer_line, result_line

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"choices": [{"message": {"content": 'Say "é"\n'}}]}, 'Say "é"\n'),
        ({"choices": [{"message": {"content": "a"}}, {"message": {"content": "b"}}]}, '["a", "b"]'),
        ({"choices": [{"message": {"content": None, "refusal": "No."}}]}, "No."),
        ({"choices": [{"message": {"content": None, "tool_calls": [CALL]}}]}, json.dumps([CALL])),
        ({"choices": [{"message": {"content": [{"type": "text", "text": "in parts"}]}}]}, "in parts"),
        ({"choices": [{"text": "old completions"}]}, "old completions"),
        ({"choices": []}, ""),
        (
            {
                "output": [
                    {"type": "reasoning"},
                    {"type": "message", "content": [{"text": "one"}, {"text": " two"}]},
                ]
            },
            "one two",
        ),
        ({"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]}, "No."),
        ({"output": [{"type": "function_call", "name": "f"}]}, '{"type": "function_call", "name": "f"}'),
        ({"data": [{"embedding": [0.25, -1e-9]}]}, "[0.25, -1e-09]"),
        ({"data": [{"embedding": [1]}, {"embedding": "AAA="}]}, '[[1],"AAA="]'),
        ({"results": [{"flagged": True}]}, '[{"flagged": true}]'),
        ({"data": [{"url": "https://x"}]}, '[{"url": "https://x"}]'),
        ("plain", "plain"),
        (json.dumps({"choices": [{"message": {"content": "inside a string"}}]}), "inside a string"),
        (None, ""),
        ([1], ""),
    ],
)
def test_the_answer_of_each_endpoint_is_text(body: object, text: str) -> None:
    assert answer_text(result_line("a", 200, body)) == text


@pytest.mark.parametrize("line", [b"", b"nonsense", b"[]", b"{}", answer_line("a")[:-5]])
def test_what_is_no_answer_is_empty(line: bytes) -> None:
    assert answer_text(line) == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "output", "data", "text"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_no_body_makes_it_raise(body: object) -> None:
    answer_text(result_line("a", 200, body))
