"""Two batches compared, as columns: what differs is listed, filtered and counted without reading a file again."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import compress
from typing import Self

from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.results.compare import Comparison, Tokens
from batch_tui.jsonl.results.filters import Condition, Term, word_test
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.turns import Turn, turned

TURNS = tuple(Turn)
"""Turns by their number in the column."""
CHANGE_FIELD = "change"
"""The field of a condition that only comparisons have."""
_WORDS = {turn: (turn.value, turn.change.value) for turn in TURNS}
_TURNED_ROUND = bytes([1, 0]).ljust(256)
_ALSO = {CHANGE_FIELD: tuple(dict.fromkeys(word for words in _WORDS.values() for word in words))}


class ComparedResults:
    """Every request with an answer in one of two batches, and how it turned out; see :func:`turns.turned`.

    Places are 0-based: the requests of the first batch in its order, then those only the second has.

    Args:
        first: The batch from before.
        second: The batch from after.
        first_rows: 1 + the request's row in the first; 0 without one.
        second_rows: Likewise in the second.
        turns: Places in :data:`TURNS`.
        comparison: What they differ in, counted.
    """

    def __init__(
        self,
        first: JoinedResults,
        second: JoinedResults,
        *,
        first_rows: array[int],
        second_rows: array[int],
        turns: array[int],
        comparison: Comparison,
    ) -> None:
        self.first = first
        """The batch from before; to be read only."""
        self.second = second
        """The batch from after; to be read only."""
        self.first_rows = first_rows
        """1 + the request's row in the first; 0 without one."""
        self.second_rows = second_rows
        """Likewise in the second."""
        self.turns = turns
        """Places in :data:`TURNS`."""
        self.comparison = comparison
        """What they differ in, counted."""

    def __len__(self) -> int:
        return len(self.turns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @cached_property
    def counts(self) -> dict[Turn, int]:
        """How many requests turned out in each way."""
        numbers = bytes(self.turns)
        return {turn: numbers.count(number) for number, turn in enumerate(TURNS)}

    def rows(self, place: int) -> tuple[int | None, int | None]:
        """The request's row in the first and in the second; None where there is none."""
        before, after = self.first_rows[place], self.second_rows[place]
        return (before - 1 if before else None, after - 1 if after else None)

    def turn(self, place: int) -> Turn:
        """How the request turned out."""
        return TURNS[self.turns[place]]

    def custom_id(self, place: int) -> str:
        """The request's custom_id."""
        before, after = self.rows(place)
        if before is not None:
            return self.first.columns.custom_id(before)
        return self.second.columns.custom_id(after or 0)

    def select(self, condition: str, *, hidden: frozenset[Turn] = frozenset()) -> array[int]:
        """Places of the requests that meet a condition, ascending.

        Beside the fields of :mod:`batch_tui.jsonl.results.filters` there is ``change`` (``change:answer``). The
        other fields hold for a request when they hold on one of its sides, turned round when on neither.

        Args:
            condition: As it was typed.
            hidden: Turns that are left out, unless the condition asks for changes itself.

        Raises:
            ConditionError: The condition can't be understood.
        """
        terms = Condition.parse(condition, also=_ALSO).terms
        masks = [self._mask(term) for term in terms]
        if hidden and not any(term.field == CHANGE_FIELD for term in terms):
            masks.append(self._of_turns([turn not in hidden for turn in TURNS]))
        kept = masks.pop() if masks else b"\1" * len(self)
        for mask in masks:
            kept = _both(kept, mask)
        return array("Q", compress(range(len(self)), kept))

    def close(self) -> None:
        """Let go of the files; they are opened again when needed."""
        self.first.close()
        self.second.close()

    def _mask(self, term: Term) -> bytes:
        """For each request, 1 when the term holds."""
        if term.field == CHANGE_FIELD:
            test = word_test(replace(term, sign="=" if term.sign == "!=" else term.sign))
            mask = self._of_turns([any(map(test, _WORDS[turn])) for turn in TURNS])
        else:
            plain = Condition((replace(term, sign="=" if term.sign == "!=" else term.sign, is_negated=False),))
            before = _held(plain, self.first, self.first_rows)
            mask = _either(before, _held(plain, self.second, self.second_rows))
        return mask.translate(_TURNED_ROUND) if term.is_negated != (term.sign == "!=") else mask

    def _of_turns(self, holds: Sequence[bool]) -> bytes:
        return bytes(self.turns).translate(bytes(holds).ljust(256))


def compare_results(
    first: JoinedResults, second: JoinedResults, *, on_progress: ProgressHook | None = None
) -> ComparedResults:
    """Hold two joins against each other; see :func:`turns.turned` for how, and for what it raises."""
    first_rows, second_rows, turns, comparison = array("I"), array("I"), array("B"), Comparison()
    numbers = {turn: number for number, turn in enumerate(TURNS)}
    for row, other, turn in turned(first, second, on_progress=on_progress):
        first_rows.append(0 if row is None else row + 1)
        second_rows.append(0 if other is None else other + 1)
        turns.append(numbers[turn])
        if row is None or other is None:
            comparison.note(turn)
        else:
            comparison.note(turn, _tokens(first, row), _tokens(second, other))
    return ComparedResults(
        first, second, first_rows=first_rows, second_rows=second_rows, turns=turns, comparison=comparison
    )


def _tokens(joined: JoinedResults, row: int) -> Tokens:
    return (joined.columns.input_tokens[row], joined.columns.output_tokens[row])


def _both(mask: bytes, other: bytes) -> bytes:
    """1 where both have it; as one large number each, that takes no loop."""
    return (int.from_bytes(mask) & int.from_bytes(other)).to_bytes(len(mask))


def _either(mask: bytes, other: bytes) -> bytes:
    """1 where one of them has it."""
    return (int.from_bytes(mask) | int.from_bytes(other)).to_bytes(len(mask))


def _held(condition: Condition, joined: JoinedResults, rows: Sequence[int]) -> bytes:
    """For each request, 1 when the condition holds on this side."""
    holds = bytearray(len(joined) + 1)
    for row in condition.rows(joined.columns):
        holds[row + 1] = 1
    return bytes(map(holds.__getitem__, rows))
