"""Changes to requests as one types them: ``model=gpt-5 max_completion_tokens=2000 -temperature``. Pure."""

from __future__ import annotations

import json
import re

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable
from batch_tui.jsonl.rewriting.edit import REMOVED, Changes, check_place, read_change

EXAMPLE = "model=NAME max_completion_tokens=N, -FIELD takes one away"
"""What can be typed."""
_BODY = "body."
_WORD = re.compile(r"\s*(\S+)")
_FIELD = re.compile(r"\s*([^\s=]+)=")
_BARE = re.compile(r"\S*")
_DECODER = json.JSONDecoder()


def read_changes(text: str) -> Changes:
    """Read changes: ``FIELD=VALUE`` with a value in JSON or a bare word, ``-FIELD`` for one that is to go.

    Raises:
        ConfigurationError: A word is none of these; the sentence says which.
    """
    changes: dict[str, object] = {}
    at = 0
    while text[at:].strip():
        field = _FIELD.match(text, at)
        if field is not None and not field[1].startswith("-"):
            value, at = _value(text, field.end())
            place, changed = read_change(f"{_place(field[1])}={value}")
            changes[place] = changed
            continue
        word = _WORD.match(text, at)
        if word is None or not word[1].startswith("-"):
            unknown = printable(text[at:].split(maxsplit=1)[0], 40)
            raise ConfigurationError(f"{unknown}: write FIELD=VALUE, or -FIELD.")
        place = _place(word[1].removeprefix("-"))
        check_place(place)
        changes[place], at = REMOVED, word.end()
    return changes


def _place(field: str) -> str:
    return field if field.startswith(_BODY) else _BODY + field


def _value(text: str, at: int) -> tuple[str, int]:
    """A value that begins at a place, and where it ends: objects, lists and quoted texts may hold blanks."""
    if text[at : at + 1] in {"{", "[", '"'}:
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{printable(text[at:], 40)} is no JSON value.") from error
        return text[at:end], end
    word = _BARE.match(text, at)
    end = word.end() if word is not None else at
    return text[at:end], end
