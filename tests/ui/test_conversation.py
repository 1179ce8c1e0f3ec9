from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.text.cells import Tone
from batch_tui.ui.text.conversation import conversation, raw
from batch_tui.ui.text.json_reading import pretty_lines
from batch_tui.ui.text.lines import LineSource, TextLine

KEYS = ("choices", "message", "content", "output", "data", "embedding", "results", "error", "type", "text", "url")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def all_of(source: LineSource) -> list[TextLine]:
    return [source.line(number) for number in range(source.count)]


def _request(body: object) -> str:
    return json.dumps({"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": body})


def _result(body: object, status: int = 200) -> str:
    return json.dumps({"custom_id": "r-1", "response": {"status_code": status, "body": body}, "error": None})


def _text(request: str | None, result: str | None) -> str:
    return "\n".join(line.text for line in conversation(request, result))


def test_a_chat_reads_as_who_said_what() -> None:
    request = _request({"model": "m", "messages": [{"role": "user", "content": "Hi\nthere"}], "temperature": 0})
    answer = {"choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
    text = _text(request, _result(answer | {"usage": {"prompt_tokens": 9, "completion_tokens": 1204}}))
    assert "user\nHi\nthere" in text
    assert "assistant\nHello" in text
    assert "r-1" in text
    assert "1,204 tokens out" in text
    assert '"temperature": 0' in text


def test_a_cut_answer_and_a_tool_call_are_told() -> None:
    call = {"function": {"name": "find", "arguments": '{"q": 1}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    text = _text(None, _result({"choices": [{"message": message, "finish_reason": "length"}]}))
    assert "finish length" in text
    assert '[calls find]\n{"q": 1}' in text


def test_items_of_the_responses_api_are_read_in_order() -> None:
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thinking"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "42"}]},
        {"type": "function_call", "name": "add", "arguments": "{}"},
    ]
    text = _text(None, _result({"output": output, "incomplete_details": {"reason": "max_output_tokens"}}))
    assert text.index("thinking") < text.index("42") < text.index("[calls add]")
    assert "[incomplete: max_output_tokens]" in text


@pytest.mark.parametrize("is_base64", [False, True])
def test_an_embedding_is_told_by_its_dimensions_and_norm(*, is_base64: bool) -> None:
    vector = [0.6, 0.8]
    value = base64.b64encode(struct.pack("<2f", *vector)).decode() if is_base64 else vector
    assert "embedding 0: 2 dimensions, norm 1.0000" in _text(None, _result({"data": [{"embedding": value}]}))


def test_moderation_and_images_have_their_own_lines() -> None:
    verdict = {"flagged": True, "categories": {"hate": True}, "category_scores": {"hate": 0.91, "spam": 0.01}}
    text = _text(None, _result({"results": [verdict]}))
    assert "result 0: flagged" in text
    assert "hate: 0.91" in text
    assert "image 1: 3 B, base64" in _text(None, _result({"data": [{"b64_json": "AAAA"}]}))


def test_of_a_moderation_what_was_hit_comes_first_then_what_came_nearest_to_it() -> None:
    scores = {"spam": 0.01, "hate": float("nan"), "violence": 0.6, "theft": 0.2, "odd": "much"}
    verdict = {
        "flagged": True,
        "categories": {"theft": True, "fraud": True, "spam": False},
        "category_scores": scores,
    }
    lines = [line.text.strip() for line in conversation(None, _result({"results": [verdict]}))]
    found = lines[lines.index("result 0: flagged") + 1 :]
    assert found == ["theft: 0.2", "fraud: -", "violence: 0.6", "spam: 0.01", "hate: nan", "odd: -"]


def test_an_error_is_red_with_its_code_and_message() -> None:
    lines = conversation(None, _result({"error": {"code": "rate_limit_exceeded", "message": "Slow down"}}, 429))
    assert [line.text for line in lines if line.tone is Tone.ERROR] == ["Answer  429", "error rate_limit_exceeded"]
    assert any(line.text == "Slow down" for line in lines)


@pytest.mark.parametrize("line", ["not json", "", "[1,2]", '{"a": ' * 3000, "\x1b[2J", "nul\x00"])
def test_what_is_not_an_object_is_shown_as_it_stands_and_harmless(line: str) -> None:
    for entry in (*conversation(line, line), *all_of(raw(line))):
        assert entry.text.isprintable() or "\t" in entry.text


def test_escape_sequences_in_an_answer_become_visible_signs() -> None:
    text = _text(None, _result({"choices": [{"message": {"role": "\x1b]52;", "content": "a\x1b[31mred\u202e"}}]}))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "a␛[31mred" in text


@given(JSON, JSON)
def test_any_json_at_all_gives_lines(request: object, body: object) -> None:
    lines = conversation(json.dumps(request), json.dumps({"response": {"status_code": 200, "body": body}}))
    assert len(lines) >= 2
    assert all("\n" not in line.text and "\x1b" not in line.text for line in lines)


HUGE = 10_000_000
TEXTS = {"line": "word " * (HUGE // 5), "lines": "word\n" * (HUGE // 5), "marks": "e\u0301" * (HUGE // 6)}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
def test_fault_74_view_of_ten_megabytes_the_begin_is_laid_out_and_the_end_says_so(text: str) -> None:
    request = _request({"model": "m", "messages": [{"role": "user", "content": text}]})
    result = _result({"choices": [{"message": {"role": "assistant", "content": text}}]})
    for lines in (conversation(request, None), conversation(None, result), all_of(raw(result))):
        assert len(lines) <= 11_000
        assert sum(len(line.text) for line in lines) <= 1_100_000
        note = next(line.text for line in lines if line.text.startswith("(the rest isn't shown here"))
        assert note.endswith(" characters)")
        begin = "".join(line.text for line in lines[:9])
        assert any(word in begin for word in ("word", "e\u0301", "u0301"))


def test_fault_74_view_of_a_million_entries_those_that_are_shown_are_written() -> None:
    written: list[str] = []
    for line in pretty_lines([1] * 1_000_000):
        written.append(line)
        if len(written) == 5:
            break
    assert written == ["[", "  1,", "  1,", "  1,", "  1,"]
    bodies: list[dict[str, object]] = [
        {"choices": [1] * 1_000_000},
        {"data": [{"embedding": [1.5] * 1_000_000}]},
        {"x": [[]] * 1_000_000},
    ]
    for body in bodies:
        assert len(conversation(None, _result(body))) <= 11_000


def test_a_line_that_is_shown_whole_has_no_word_about_a_rest() -> None:
    result = _result({"choices": [{"message": {"role": "assistant", "content": "word\r\n" * 9_000}}]})
    lines = conversation(None, result)
    assert [line.text for line in lines].count("word") == 9_000
    assert not any("the rest" in line.text for line in lines)


@given(JSON)
def test_json_written_line_by_line_is_what_the_usual_writer_writes(value: object) -> None:
    assert "\n".join(pretty_lines(value)) == json.dumps(value, indent=2, ensure_ascii=False)
