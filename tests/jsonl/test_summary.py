from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.jsonl.results.summary import LOOKED_AT, MAX_MESSAGE, normal_message


@pytest.mark.parametrize(
    ("message", "normal"),
    [
        ("", ""),
        ("Sorry about that!", "Sorry about that!"),
        ("maximum context length is 128000 tokens", "maximum context length is N tokens"),
        ("Limit 200,000, used 1.5, retry in 360ms", "Limit N, used N, retry in Nms"),
        ("Rate limit for gpt-4o-mini-2024-07-18 in org-AbC123", "Rate limit for gpt-4o-mini-2024-07-18 in ID"),
        ("model o3-mini and text-embedding-3-small", "model o3-mini and text-embedding-3-small"),
        ("include req_0bc6a4a667749bc4 please", "include ID please"),
        ("id 6f1c2a34-1b2c-4d5e-8f90-a1b2c3d4e5f6 gone", "id ID gone"),
        ("request-17 and request_18", "request-N and request_N"),
        ("'messages[3].content' is wrong", "'messages[N].content' is wrong"),
        ("two\n  lines\tand blanks", "two lines and blanks"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
def test_a_message_loses_what_differs_from_request_to_request(message: str, normal: str) -> None:
    assert normal_message(message) == normal


def test_a_long_message_is_cut() -> None:
    assert normal_message("word " * 1000) == ("word " * 1000)[: MAX_MESSAGE - 1] + "…"


@given(st.text(max_size=200), st.integers(0, 10**9), st.integers(0, 10**9))
def test_messages_that_differ_in_a_number_group(text: str, first: int, second: int) -> None:
    assert normal_message(f"{text} {first} tokens") == normal_message(f"{text} {second} tokens")


@given(st.text(max_size=LOOKED_AT + 10))
def test_no_message_makes_it_raise_or_stay_unencodable(text: str) -> None:
    normal_message(text).encode()
    assert len(normal_message(text)) <= MAX_MESSAGE
