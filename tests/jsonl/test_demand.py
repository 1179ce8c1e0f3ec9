from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.money import Demand
from batch_tui.jsonl import demand as module
from batch_tui.jsonl.demand import read_demand, vocabulary_of

CHAT, EMBED, RESPOND = "/v1/chat/completions", "/v1/embeddings", "/v1/responses"


def write(path: Path, *bodies: object, url: str = CHAT) -> Path:
    lines = [
        json.dumps({"custom_id": str(number), "method": "POST", "url": url, "body": body})
        for number, body in enumerate(bodies)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def one(path: Path, *, is_exact: bool = False) -> Demand:
    found = read_demand(path, is_exact=is_exact)
    assert len(found) == 1
    return found[0]


def chat(text: object, **more: object) -> dict[str, object]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}


def test_four_bytes_of_text_are_a_token_and_a_message_has_its_frame(tmp_path: Path) -> None:
    found = one(write(tmp_path / "in.jsonl", chat("x" * 400)))
    assert found == Demand("gpt-4o-mini", 1, 100 + 4 + 3, 0, 1)


def test_the_limits_are_summed_for_each_wanted_answer(tmp_path: Path) -> None:
    bodies = (chat("a", max_tokens=100), chat("b", max_completion_tokens=50, n=3), chat("c", max_tokens=None))
    found = one(write(tmp_path / "in.jsonl", *bodies))
    assert (found.output_at_most, found.unbounded) == (250, 1)


def test_the_new_name_of_the_limit_goes_before_the_old(tmp_path: Path) -> None:
    found = one(write(tmp_path / "in.jsonl", chat("a", max_tokens=9, max_completion_tokens=5)))
    assert found.output_at_most == 5


def test_images_are_not_taken_for_text(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    found = one(write(tmp_path / "in.jsonl", chat([{"type": "text", "text": "what?"}, image])))
    assert found.input_tokens == 2 + 7


def test_responses_count_their_instructions_and_input(tmp_path: Path) -> None:
    body = {"model": "gpt-5", "instructions": "i" * 40, "input": "x" * 40, "max_output_tokens": 7}
    found = one(write(tmp_path / "in.jsonl", body, url=RESPOND))
    assert (found.input_tokens, found.output_at_most, found.unbounded) == (20, 7, 0)


def test_embeddings_have_no_output_and_their_token_numbers_are_counted(tmp_path: Path) -> None:
    body = {"model": "text-embedding-3-small", "input": [[1, 2, 3], [4, 5]]}
    found = one(write(tmp_path / "in.jsonl", body, {**body, "input": [7, 8]}, url=EMBED))
    assert (found.input_tokens, found.has_output, found.unbounded) == (7, False, 0)


def test_models_are_kept_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", chat("a"), {**chat("b"), "model": "other"}, chat("c"))
    assert [(d.model, d.requests) for d in read_demand(path, is_exact=False)] == [
        ("gpt-4o-mini", 2),
        ("other", 1),
    ]


def test_lines_that_are_no_requests_count_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\n\nnot json\n[]\n{"body": 7}\n{"body": {"model": 5, "input": "abcd"}}\n\xff\n')
    assert one(path) == Demand("", 1, 1, 0, 1)


def test_the_tokenizer_counts_exactly_what_the_model_counts(tmp_path: Path) -> None:
    # Two tokens by tiktoken's o200k_base as by its cl100k_base; the estimate says three.
    found = one(write(tmp_path / "in.jsonl", chat("hello world")), is_exact=True)
    assert (found.input_tokens, found.is_exact) == (2 + 7, True)


def test_a_model_without_a_known_vocabulary_stays_an_estimate(tmp_path: Path) -> None:
    found = one(write(tmp_path / "in.jsonl", {**chat("x" * 40), "model": "llama-9"}), is_exact=True)
    assert (found.input_tokens, found.is_exact) == (10 + 7, False)


def test_lone_surrogates_are_counted_too(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", chat("\ud800 hello"))
    assert one(path, is_exact=True).requests == 1
    assert one(path).requests == 1


def test_many_texts_are_counted_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "in.jsonl", *(chat(f"hello world {number}") for number in range(50)))
    whole = one(path, is_exact=True)
    monkeypatch.setattr(module, "_COUNT_AT", 1)
    assert one(path, is_exact=True) == whole


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("ft:gpt-4o-mini:us", "o200k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("text-embedding-3-large", "cl100k_base"),
        ("o3", "o200k_base"),
        ("llama", None),
    ],
)
def test_each_model_has_its_vocabulary(model: str, name: str | None) -> None:
    assert vocabulary_of(model) == name


def test_without_the_tokenizer_an_exact_count_is_refused_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "has_tokenizer", lambda: False)
    path = write(tmp_path / "in.jsonl", chat("hello world"))
    with pytest.raises(ConfigurationError, match=r"batch-tui\[tokens\]"):
        read_demand(path, is_exact=True)
    assert read_demand(path)[0].is_exact is False
