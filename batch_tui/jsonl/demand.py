"""What the requests of an input file ask for: input tokens and the limits they set for their answers.

The estimate is four bytes of text to a token; with the optional ``toktok`` package (the ``[tokens]`` extra) and a
model whose vocabulary it has, the texts are counted exactly. What isn't text (images, audio, files) isn't counted.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batch_tui.domain.endpoints import normal_endpoint
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.money import Demand
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.results.join import result_lines
from batch_tui.jsonl.results.line import is_array, is_object, parse

_BYTES_PER_TOKEN = 4
_MESSAGE_TOKENS, _REPLY_TOKENS = 4, 3
"""What the chat format adds to each message with its role, and once to the whole (OpenAI's cookbook)."""
_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_NO_OUTPUT = frozenset({"/v1/embeddings", "/v1/moderations"})
_TEXTS = ("messages", "input", "prompt", "instructions", "tools", "response_format", "text", "functions")
_NO_TEXT = frozenset({"image_url", "input_audio", "file_data", "file_id", "type", "role", "data", "detail"})
_COUNT_AT = 2_000_000
"""Characters that are counted at a time: the tokenizer uses all cores on many texts."""
_VOCABULARIES = (
    ("o200k_base", ("gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "o1", "o3", "o4", "chatgpt-4o")),
    ("o200k_harmony", ("gpt-oss",)),
    ("cl100k_base", ("gpt-4", "gpt-3.5", "text-embedding-3", "text-embedding-ada-002")),
)


_Counting = Callable[[Sequence[str], str], list[int]]
"""Gives the tokens of each text in a vocabulary."""


@dataclass(slots=True)
class _Tally:
    """Requests of one model and endpoint."""

    requests: int = 0
    tokens: int = 0
    text_bytes: int = 0
    output_at_most: int = 0
    unbounded: int = 0
    texts: list[str] = field(default_factory=list[str])
    characters: int = 0


def has_tokenizer() -> bool:
    """True when texts can be counted exactly."""
    return importlib.util.find_spec("toktok") is not None


def vocabulary_of(model: str) -> str | None:
    """The tokenizer's name for a model's vocabulary; None when it has none."""
    base = model.removeprefix("ft:")
    return next((name for name, prefixes in _VOCABULARIES if base.startswith(prefixes)), None)


def read_demand(
    path: Path, *, is_exact: bool | None = None, on_progress: ProgressHook | None = None
) -> tuple[Demand, ...]:
    """What the requests of a file ask for, by model, in flat memory.

    Args:
        path: The input file; lines that are no requests count for nothing.
        is_exact: True to count with the tokenizer, False to estimate; None to count when it's installed.
        on_progress: Told how far the reading is.

    Raises:
        ConfigurationError: The tokenizer was asked for and isn't installed.
        InputFileError: The file can't be read.
    """
    if is_exact and not has_tokenizer():
        raise ConfigurationError(
            "Exact token counts need the tokenizer: pip install 'batch-tui[tokens]', or leave out --exact."
        )
    reader = _Reader(is_exact=has_tokenizer() if is_exact is None else is_exact)
    for _, line in result_lines(path, on_progress):
        reader.take(parse(line))
    return reader.demands()


class _Reader:
    def __init__(self, *, is_exact: bool) -> None:
        self._is_exact = is_exact
        self._tallies: dict[tuple[str, bool], _Tally] = {}

    def take(self, line: object) -> None:
        if not is_object(line) or not is_object(body := line.get("body")):
            return
        url, model = line.get("url"), body.get("model")
        has_output = normal_endpoint(url if isinstance(url, str) else "") not in _NO_OUTPUT
        key = (model if isinstance(model, str) else "", has_output)
        tally = self._tallies.setdefault(key, _Tally())
        tally.requests += 1
        if has_output:
            _take_limit(tally, body)
        tally.tokens += _fixed_tokens(body)
        self._take_texts(tally, body, is_counted=self._is_exact and vocabulary_of(key[0]) is not None)
        if tally.characters >= _COUNT_AT:
            _count(tally, key[0])

    def demands(self) -> tuple[Demand, ...]:
        for (model, _), tally in self._tallies.items():
            _count(tally, model)
        return tuple(
            Demand(
                model,
                tally.requests,
                tally.tokens + (tally.text_bytes + _BYTES_PER_TOKEN - 1) // _BYTES_PER_TOKEN,
                tally.output_at_most,
                tally.unbounded,
                has_output=has_output,
                is_exact=self._is_exact and vocabulary_of(model) is not None,
            )
            for (model, has_output), tally in self._tallies.items()
        )

    def _take_texts(self, tally: _Tally, body: dict[str, object], *, is_counted: bool) -> None:
        for name in _TEXTS:
            for text in _texts(body.get(name)):
                if is_counted:
                    tally.texts.append(text)
                    tally.characters += len(text)
                else:
                    tally.text_bytes += len(text.encode(errors="replace"))


def _take_limit(tally: _Tally, body: dict[str, object]) -> None:
    limit = next((value for name in _LIMITS if _is_count(value := body.get(name))), None)
    if limit is None or not isinstance(limit, int):
        tally.unbounded += 1
        return
    answers = body.get("n")
    tally.output_at_most += limit * (answers if isinstance(answers, int) and answers > 1 else 1)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _fixed_tokens(body: dict[str, object]) -> int:
    """Tokens that are no text: what the chat format adds, and inputs that came as token numbers."""
    messages, numbers = body.get("messages"), body.get("input", body.get("prompt"))
    tokens = _MESSAGE_TOKENS * len(messages) + _REPLY_TOKENS if is_array(messages) else 0
    if is_array(numbers):
        tokens += sum(map(_numbers, numbers))
    return tokens


def _numbers(value: object) -> int:
    """Token numbers in an entry of an input: one, a list of them, or none."""
    return sum(map(_is_count, value)) if is_array(value) else _is_count(value)


def _texts(value: object) -> Iterator[str]:
    """All texts in a value, but not those that are images, sounds, files or mere words of the format."""
    if isinstance(value, str):
        yield value
    elif is_array(value):
        for entry in value:
            yield from _texts(entry)
    elif is_object(value):
        for key, entry in value.items():
            if key not in _NO_TEXT:
                yield from _texts(entry)


def _count(tally: _Tally, model: str) -> None:
    vocabulary = vocabulary_of(model)
    if not tally.texts or vocabulary is None:
        return
    count: _Counting = vars(importlib.import_module("toktok"))["batch_count"]
    texts = [text.encode(errors="replace").decode() for text in tally.texts]
    tally.tokens += sum(count(texts, vocabulary))
    tally.texts.clear()
    tally.characters = 0
