"""The live filter of Batches: ``status:failed model:mini age<2h cost>1 !word name``. Pure.

Conditions stand apart by spaces and must all hold; ``!`` turns one round; commas give alternatives
(``status:failed,expired``); quotes keep spaces together. ``fail`` and ``done`` count requests; with a ``%`` they
are the share of the finished that failed, and of all that finished. Half a condition (``cost>``), as it is being
typed, holds for everything, so the list doesn't jump; so does a filter with a part that means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from batch_tui.domain.text import printable
from batch_tui.ui.panes.columns import BatchFacts
from batch_tui.ui.panes.conditions import (
    Condition,
    KindCondition,
    NumberCondition,
    TextCondition,
    select,
)
from batch_tui.ui.panes.row_fields import KNOWN_NUMBERS, NUMBERS, TEXTS, WORDS, Kind, kinds_of

_TOKEN = re.compile(r'!?(?:[^\s"]*"[^"]*"?|\S+)')
_FIELD = re.compile(r"(?P<field>[A-Za-z_]+):(?P<value>.*)", re.DOTALL)
_COMPARISON = re.compile(r"(?P<field>[A-Za-z_]+)(?P<sign>!=|<=|>=|<|>|=)(?P<value>.*)", re.DOTALL)
_NUMBER = re.compile(r"(?P<number>\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})(?P<unit>[a-zA-Z]*)")
_SPAN = re.compile(r"(?:\d{1,9}[dhms]){2,4}", re.IGNORECASE)
"""A time as the columns write it: ``3h12m``."""
_SPAN_PART = re.compile(r"\d+[dhms]", re.IGNORECASE)
_SECONDS = {"": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6}
_LOOSE_SIGN = re.compile(r"!?=|[<>]")
"""Begins what was torn off the field it compares."""


class Filter(Struct, frozen=True):
    """What was understood of a filter's text."""

    text: str
    conditions: tuple[Condition, ...] = ()
    mistake: str = ""
    """One sentence about the first part that can't be understood; there is no condition then."""

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def matches(self, facts: BatchFacts, now: float) -> bool:
        """True when every condition holds for one batch, at a time in Unix seconds."""
        return bool(select((0,), self.conditions, _OneRow(facts), now))


def parse_filter(text: str) -> Filter:
    """Read a filter; never raises, whatever the text."""
    conditions: list[Condition] = []
    for token in _TOKEN.findall(text):
        is_negated = token.startswith("!")
        try:
            condition = _condition(token[is_negated:])
        except _NotUnderstoodError as error:
            return Filter(text, mistake=str(error))
        if condition is not None:
            conditions.append(replace(condition, is_negated=is_negated))
    return Filter(text, tuple(conditions))


class _NotUnderstoodError(ValueError):
    """A part of the filter means nothing."""


def _condition(token: str) -> Condition | None:
    """The condition a token stands for; None while it is half typed."""
    loose = _LOOSE_SIGN.match(token)
    if loose:
        raise _NotUnderstoodError(f"{loose[0]} compares nothing (without spaces, like fail>5).")
    comparison = None if token.startswith('"') else _COMPARISON.fullmatch(token)
    if comparison:
        return _comparison(comparison["field"].lower(), comparison["sign"], comparison["value"])
    field = None if token.startswith('"') else _FIELD.fullmatch(token)
    if field:
        return _field(field["field"].lower(), field["value"])
    word = token.replace('"', "").casefold()
    return _word(word) if word else None


def _word(word: str) -> Condition:
    return TextCondition(WORDS, (word,))


def _field(field: str, value: str) -> Condition | None:
    words = tuple(word for word in value.replace('"', "").casefold().split(",") if word)
    if field == "is":
        return _is(words)
    if field not in _TEXTS:
        known = ", ".join((*_TEXTS, "is"))
        raise _NotUnderstoodError(f"There is no field {printable(field, 20)}: (use {known}).")
    return TextCondition(field, words) if words else None


def _is(words: Sequence[str]) -> Condition | None:
    if not words:
        return None
    kinds: set[Kind] = set()
    for word in words:
        meant = {kind for name, kind in _KINDS.items() if name.startswith(word)}
        if not meant:
            raise _NotUnderstoodError(f"is:{printable(word, 20)} means nothing (use {', '.join(_KINDS)}).")
        kinds |= meant
    return KindCondition(sum(kinds))


def _comparison(field: str, sign: str, value: str) -> Condition | None:
    if field not in _NUMBERS:
        raise _NotUnderstoodError(f"{printable(field, 20)}{sign} can't be compared (use {', '.join(_NUMBERS)}).")
    if not value:
        return None
    is_share = value.endswith("%") and field in _SHARES
    wanted = _quantity(field, value.removesuffix("%") if is_share else value)
    if wanted is None:
        raise _NotUnderstoodError(
            f"{printable(value, 20)} is no value for {field} (like {_EXAMPLES.get(field, _EXAMPLE)})."
        )
    return NumberCondition(_SHARES[field] if is_share else field, sign, wanted)


def _quantity(field: str, text: str) -> float | None:
    """What a value stands for, in the unit of its field; None for what is no value of it."""
    if field in _TIMES and _SPAN.fullmatch(text):
        return sum(float(part[:-1]) * _SECONDS[part[-1].lower()] for part in _SPAN_PART.findall(text))
    match = _NUMBER.fullmatch(text.removeprefix("$") if field == "cost" else text)
    if match is None:
        return None
    factor = (_SECONDS if field in _TIMES else _FACTORS).get(match["unit"].lower())
    return None if factor is None else float(match["number"]) * factor


class _OneRow:
    """The fields of one batch."""

    def __init__(self, facts: BatchFacts) -> None:
        self._facts = facts

    def texts(self, field: str) -> Sequence[str]:
        return (TEXTS[field](self._facts.batch),)

    def numbers(self, field: str) -> Sequence[float | None]:
        known = KNOWN_NUMBERS.get(field)
        return (NUMBERS[field](self._facts.batch) if known is None else known(self._facts),)

    def kinds(self) -> Sequence[int]:
        return (kinds_of(self._facts),)


_TIMES = frozenset({"age", "left"})
_TEXTS = tuple(field for field in TEXTS if field != WORDS)
_NUMBERS = ("age", "left", "cost", "fail", "total", "done", "rate")
"""What can be compared."""
_SHARES: Mapping[str, str] = {"fail": "fail_percent", "done": "done_percent"}
"""The field of a row that is meant with a percent sign."""
_EXAMPLE = "1, 0.5, 10k"
_EXAMPLES: Mapping[str, str] = {
    "age": "2h, 3h30m, 1d",
    "left": "2h, 3h30m, 1d",
    "fail": "12, 10k, 5%",
    "done": "200, 10k, 50%",
}
_KINDS: Mapping[str, Kind] = {
    "active": Kind.ACTIVE,
    "ended": Kind.ENDED,
    "problem": Kind.PROBLEM,
    "alarmed": Kind.ALARMED,
    "gone": Kind.GONE,
}
