"""The live filter of Batches: ``status:failed model:mini age<2h cost>1 !word name``. Pure.

Conditions stand apart by spaces and must all hold; ``!`` turns one round; commas give alternatives
(``status:failed,expired``); quotes keep spaces together. While it is typed, half a condition (``cost>``) holds
for everything, so the list doesn't jump.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.ui.panes.columns import BatchFacts

Condition = Callable[[BatchFacts, float], bool]
"""Tells whether a batch is shown, at a time in Unix seconds."""

_TOKEN = re.compile(r'!?(?:[^\s"]*"[^"]*"?|\S+)')
_FIELD = re.compile(r"(?P<field>[A-Za-z_]+):(?P<value>.*)", re.DOTALL)
_COMPARISON = re.compile(r"(?P<field>[A-Za-z_]+)(?P<sign><=|>=|<|>|=)(?P<value>.*)", re.DOTALL)
_NUMBER = re.compile(r"(?P<number>\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})(?P<unit>[a-zA-Z%]*)")
_SPAN = re.compile(r"(?:\d{1,9}[dhms]){2,4}", re.IGNORECASE)
"""A time as the columns write it: ``3h12m``."""
_SPAN_PART = re.compile(r"\d+[dhms]", re.IGNORECASE)
_SECONDS = {"": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6}


class Filter(Struct, frozen=True):
    """What was understood of a filter's text."""

    text: str
    conditions: tuple[Condition, ...] = ()
    mistake: str = ""
    """One sentence about the first part that can't be understood; that part holds for everything."""

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def at(self, now: float) -> Callable[[BatchFacts], bool]:
        """Tells of many batches whether they match at a time."""
        match self.conditions:
            case (condition,):
                return lambda facts: condition(facts, now)
            case _:
                return lambda facts: self.matches(facts, now)

    def matches(self, facts: BatchFacts, now: float) -> bool:
        """True when every condition holds."""
        return all(condition(facts, now) for condition in self.conditions)


def parse_filter(text: str) -> Filter:
    """Read a filter; never raises, whatever the text."""
    conditions: list[Condition] = []
    mistake = ""
    for token in _TOKEN.findall(text):
        is_negated = token.startswith("!")
        try:
            condition = _condition(token[is_negated:])
        except _NotUnderstoodError as error:
            mistake = mistake or str(error)
            continue
        if condition is not None:
            conditions.append(_negation(condition) if is_negated else condition)
    return Filter(text, tuple(conditions), mistake)


class _NotUnderstoodError(ValueError):
    """A part of the filter means nothing."""


def _condition(token: str) -> Condition | None:
    """The condition a token stands for; None while it is half typed."""
    comparison = None if token.startswith('"') else _COMPARISON.fullmatch(token)
    if comparison:
        return _comparison(comparison["field"].lower(), comparison["sign"], comparison["value"])
    field = None if token.startswith('"') else _FIELD.fullmatch(token)
    if field:
        return _field(field["field"].lower(), field["value"])
    word = token.replace('"', "").casefold()
    return _word(word) if word else None


def _negation(condition: Condition) -> Condition:
    return lambda facts, now: not condition(facts, now)


def _word(word: str) -> Condition:
    return lambda facts, _now: word in facts.search_text


def _field(field: str, value: str) -> Condition | None:
    words = tuple(word for word in value.replace('"', "").casefold().split(",") if word)
    if field == "is":
        return _is(words)
    read = _TEXTS.get(field)
    if read is None:
        known = ", ".join((*_TEXTS, "is"))
        raise _NotUnderstoodError(f"There is no field {printable(field, 20)}: (use {known}).")
    if not words:
        return None
    if len(words) == 1:
        (only,) = words
        return lambda facts, _now: only in read(facts).casefold()
    return lambda facts, _now: any(word in read(facts).casefold() for word in words)


def _is(words: tuple[str, ...]) -> Condition | None:
    if not words:
        return None
    starts = [name for word in words for name in _KINDS if name.startswith(word)]
    if not starts:
        raise _NotUnderstoodError(f"is:{printable(words[0], 20)} means nothing (use {', '.join(_KINDS)}).")
    kinds = [_KINDS[name] for name in starts]
    return lambda facts, _now: any(kind(facts) for kind in kinds)


def _comparison(field: str, sign: str, value: str) -> Condition | None:
    read = _NUMBERS.get(field)
    if read is None:
        raise _NotUnderstoodError(f"{printable(field, 20)}{sign} can't be compared (use {', '.join(_NUMBERS)}).")
    if not value:
        return None
    wanted = _quantity(value, _SECONDS if field in _TIMES else _FACTORS)
    if wanted is None:
        example = "2h, 3h30m, 1d" if field in _TIMES else "1, 0.5, 10k"
        raise _NotUnderstoodError(f"{printable(value, 20)} is no value for {field} (like {example}).")
    compare = _SIGNS[sign]

    def holds(facts: BatchFacts, now: float) -> bool:
        found = read(facts, now)
        return found is not None and compare(found, wanted)

    return holds


def _quantity(text: str, units: Mapping[str, float]) -> float | None:
    if units is _SECONDS and _SPAN.fullmatch(text):
        return sum(float(part[:-1]) * _SECONDS[part[-1].lower()] for part in _SPAN_PART.findall(text))
    match = _NUMBER.fullmatch(text.strip().removeprefix("$"))
    if match is None:
        return None
    factor = 1.0 if match["unit"] == "%" else units.get(match["unit"].lower())
    return None if factor is None else float(match["number"]) * factor


def _age(facts: BatchFacts, now: float) -> float | None:
    created = facts.batch.times.created
    return None if created is None else max(0.0, now - created)


def _left(facts: BatchFacts, now: float) -> float | None:
    expires = facts.batch.times.expires
    return None if expires is None or facts.batch.is_terminal else max(0.0, expires - now)


def _has_problem(batch: Batch) -> bool:
    return batch.has_failures or batch.status is BatchStatus.UNKNOWN


_TIMES = frozenset({"age", "left"})
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "=": lambda left, right: left == right,
}
_NUMBERS: Mapping[str, Callable[[BatchFacts, float], float | None]] = {
    "age": _age,
    "left": _left,
    "cost": lambda facts, _now: None if facts.cost is None else float(facts.cost),
    "fail": lambda facts, _now: float(facts.batch.counts.failed),
    "total": lambda facts, _now: float(facts.batch.counts.total),
    "done": lambda facts, _now: facts.batch.counts.fraction * 100,
    "rate": lambda facts, _now: facts.pace.per_minute,
}
_TEXTS: Mapping[str, Callable[[BatchFacts], str]] = {
    "status": lambda facts: f"{facts.batch.status.value} {facts.batch.raw_status}",
    "model": lambda facts: facts.batch.model or "",
    "name": lambda facts: facts.batch.name,
    "id": lambda facts: facts.batch.id,
    "endpoint": lambda facts: facts.batch.endpoint,
}
_KINDS: Mapping[str, Callable[[BatchFacts], bool]] = {
    "active": lambda facts: not facts.batch.is_terminal,
    "ended": lambda facts: facts.batch.is_terminal,
    "problem": lambda facts: _has_problem(facts.batch),
    "alarmed": lambda facts: facts.is_alarmed,
    "gone": lambda facts: facts.is_gone,
}
