"""Conditions on the rows of a join, answered from the columns in milliseconds whatever the files' size.

A condition is words with blanks between them, and all must hold::

    status>=400         status:429  status:5xx  status!=200     < <= > too
    outcome:failed      succeeded, failed, not_run, missing
    code:rate_limit     message:schema    the error's, the message without its numbers and ids
    finish:length       model:mini   tier:flex
    tokens>1000         in, out, cached, reasoning too; an answer without usage meets none
    retry:yes           sending the same request again may succeed; retry:no when it can't
    request-12          or id:request-12: the custom_id contains it

``:`` looks for a part and ignores case, ``=`` wants the whole, ``,`` separates choices (``status:429,5xx``), ``!``
or ``-`` before a word turns it round, quotes keep blanks (``message:"no such model"``).
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from operator import eq, ge, gt, le, lt, ne, not_
from typing import Self

from batch_tui.domain.errors import ConditionError
from batch_tui.jsonl.results.columns import HAS_USAGE, OUTCOMES, REASON_SUCCEEDED, Columns

WORD_FIELDS = ("outcome", "code", "message", "finish", "model", "tier", "retry", "id")
"""Fields that are looked for by words."""
NUMBER_FIELDS = ("status", "tokens", "in", "out", "cached", "reasoning")
"""Fields that are compared as numbers."""
_TERM = re.compile(
    r"""(?P<turn>[!-]?)
    (?:(?P<field>[A-Za-z_]+)(?P<sign>!=|>=|<=|[:=<>])(?P<value>(?:"[^"]*"|[^\s"])*)(?!")|(?P<word>(?:"[^"]*"|[^\s"])+)(?!"))
    """,
    re.VERBOSE,
)
_TURNED: dict[str, Callable[[int, int], bool]] = {":": eq, "=": eq, "!=": ne, "<": gt, "<=": ge, ">": lt, ">=": le}
"""What compares the wanted number, on the left, with the row's: so that ``partial`` holds it."""
_TOKEN_FIELDS = {"in": 0, "cached": 1, "out": 2, "reasoning": 3, "tokens": 4}
_STATUS_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_MAX_DIGITS = 15
_KNOWN_WORDS: Mapping[str, Sequence[str]] = {
    "outcome": [outcome.value for outcome in OUTCOMES],
    "retry": ["yes", "no"],
}
"""All that some fields may be."""
_NO_MORE: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a condition."""

    field: str
    """One of :data:`WORD_FIELDS` or :data:`NUMBER_FIELDS`."""
    sign: str
    """``: = != < <= > >=``."""
    choices: tuple[str, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Terms that must all hold."""

    terms: tuple[Term, ...]

    @classmethod
    def parse(cls, text: str, *, also: Mapping[str, Sequence[str]] = _NO_MORE) -> Self:
        """Read a condition; an empty one holds for every row.

        Args:
            text: As it was typed.
            also: More fields of words, which the caller judges itself, each with all it may be.

        Raises:
            ConditionError: A field is unknown, or a value is none it can have.
        """
        terms: list[Term] = []
        at = 0
        while rest := text[at:].lstrip():
            at = len(text) - len(rest)
            match = _TERM.match(text, at)
            if match is None:
                raise ConditionError(f"The quote in {rest[:40]} is not closed; add the second one.")
            terms.append(_term(match, also))
            at = match.end()
        return cls(tuple(terms))

    def rows(self, columns: Columns) -> array[int]:
        """Indexes of the rows for which all terms hold, ascending."""
        rows: Sequence[int] = range(len(columns))
        for term in self.terms:
            rows = _held(columns, term, rows)
        return rows if isinstance(rows, array) else array("Q", rows)


def _term(match: re.Match[str], also: Mapping[str, Sequence[str]]) -> Term:
    turn, field, sign, value, word = match.groups(default="")
    field, sign, value = field.lower() or "id", sign or ":", value or word
    fields = (*also, *WORD_FIELDS, *NUMBER_FIELDS)
    if field not in fields:
        known = ", ".join(fields)
        raise ConditionError(f"There is no field {field}; there are {known} (or quote the whole word).")
    choices = tuple(choice.replace('"', "") for choice in _split(value))
    if field in NUMBER_FIELDS:
        for choice in choices:
            _number_test(field, sign, choice)
    elif sign not in {":", "=", "!="}:
        raise ConditionError(f"{field} is a word and can't be compared with {sign}; write {field}:{value}.")
    _check_word(field, choices, also.get(field) or _KNOWN_WORDS.get(field))
    return Term(field, sign, choices, is_negated=bool(turn))


def _split(value: str) -> list[str]:
    """The choices: at commas, but not at those inside quotes."""
    return re.findall(r"""(?:"[^"]*"|[^,"])+""", value) or [""]


def _check_word(field: str, choices: tuple[str, ...], known: Sequence[str] | None) -> None:
    for choice in choices:
        if known is not None and not any(choice.lower() in word for word in known):
            raise ConditionError(f"{field} is never {choice}; it is one of {', '.join(known)}.")


def _number_test(field: str, sign: str, choice: str) -> Callable[[int], bool]:
    """The test of one number.

    Raises:
        ConditionError: The choice is no number.
    """
    if field == "status" and sign in {":", "=", "!="} and (match := _STATUS_CLASS.fullmatch(choice)):
        in_class = range(100 * int(match[1]), 100 * int(match[1]) + 100)
        return (lambda number: number not in in_class) if sign == "!=" else in_class.__contains__
    digits = choice.replace("_", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _MAX_DIGITS:
        raise ConditionError(f"{choice or 'Nothing'} is no number; write something like {field}{sign}400.")
    return partial(_TURNED[sign], int(digits))


def _any_number(term: Term) -> Callable[[int], bool]:
    tests = [_number_test(term.field, term.sign, choice) for choice in term.choices]
    if len(tests) == 1:
        return tests[0]
    combine = all if term.sign == "!=" else any
    return lambda number: combine(test(number) for test in tests)


def word_test(term: Term) -> Callable[[str], bool]:
    """The test of one word."""
    wanted = tuple(choice.lower() for choice in term.choices)
    if term.sign == ":":
        return lambda word: any(choice in word.lower() for choice in wanted)
    return lambda word: (word.lower() in wanted) == (term.sign == "=")


def _held(columns: Columns, term: Term, rows: Sequence[int]) -> Sequence[int]:
    """Those of the rows for which the term holds."""
    if term.field == "id":
        return _with_id(columns, term, rows)
    if term.field in _TOKEN_FIELDS:
        return _with_tokens(columns, term, rows)
    column, holds = _table_of(columns, term)
    if term.is_negated:
        holds = list(map(not_, holds))
    return _kept(rows, column, holds.__getitem__)


def _kept(rows: Sequence[int], column: array[int], test: Callable[[int], object]) -> array[int]:
    """Those of the rows whose entry in the column passes."""
    if isinstance(rows, range):
        # Both steps run in C: a millisecond for 50,000 rows.
        return array("Q", compress(rows, map(test, column)))
    return array("Q", [row for row in rows if test(column[row])])


def _table_of(columns: Columns, term: Term) -> tuple[array[int], list[bool]]:
    """The column a term looks at, and for each place in its table whether the term holds."""
    if term.field == "status":
        is_wanted = _any_number(term)
        # What has no status differs from every number, and compares with none.
        return columns.statuses, [
            term.sign == "!=" if status is None else is_wanted(status) for status in columns.status_table
        ]
    test = word_test(term)
    reasons = columns.reason_table
    match term.field:
        case "outcome":
            return columns.outcomes, [test(outcome.value) for outcome in OUTCOMES]
        case "code":
            return columns.reasons, [test(reason.code) for reason in reasons]
        case "message":
            return columns.reasons, [test(reason.message) for reason in reasons]
        case "retry":
            words = ["yes" if reason.can_pass else "no" for reason in reasons]
            words[REASON_SUCCEEDED] = ""
            return columns.reasons, [test(word) for word in words]
        case _:
            places = {"finish": columns.finishes, "model": columns.models, "tier": columns.tiers}
            return places[term.field], [test(word) for word in columns.words]


def _with_tokens(columns: Columns, term: Term, rows: Sequence[int]) -> array[int]:
    column = columns.token_columns()[_TOKEN_FIELDS[term.field]]
    test = _any_number(term)
    found = _kept(rows, column, (lambda number: not test(number)) if term.is_negated else test)
    return _kept(found, columns.flags, HAS_USAGE.__and__)


def _with_id(columns: Columns, term: Term, rows: Sequence[int]) -> array[int]:
    found: set[int] = set()
    for choice in term.choices:
        found.update(_rows_with_id(columns, choice, is_whole=term.sign != ":") if choice else range(len(columns)))
    if term.is_negated != (term.sign == "!="):
        return array("Q", [row for row in rows if row not in found])
    if isinstance(rows, range):
        return array("Q", sorted(found))
    return array("Q", [row for row in rows if row in found])


def _rows_with_id(columns: Columns, wanted: str, *, is_whole: bool) -> Iterator[int]:
    """Rows whose custom_id contains (or is) the text, found in all ids at once."""
    needle = wanted.encode(errors="surrogatepass")
    text, ends = bytes(columns.ids), columns.id_ends
    if not is_whole:
        needle, text = needle.lower(), text.lower()
    at, row = text.find(needle), 0
    while at >= 0 and row < len(ends):
        # The next hit is mostly in the next row; a search among all ends is for the others.
        if ends[row] <= at:
            row = bisect_right(ends, at, row)
        if row == len(ends):
            return
        start, end, stop = ends[row - 1] if row else 0, ends[row], at + len(needle)
        if stop > end or (is_whole and (at != start or stop != end)):
            at = text.find(needle, at + 1)
            continue
        yield row
        at, row = text.find(needle, end), row + 1
