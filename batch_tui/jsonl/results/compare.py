"""Two batches, request by request: what came out differently, what it took, what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from batch_tui.domain.lines import Outcome
from batch_tui.jsonl.results.columns import HAS_USAGE, OUTCOMES
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.turns import Change, Turn, turned

Tokens = tuple[int, int]
"""Input and output."""


@dataclass(frozen=True, slots=True)
class Side:
    """A request in one of the two batches."""

    row: int
    outcome: Outcome
    status_code: int | None
    code: str
    input_tokens: int | None
    """None when the answer tells no usage."""
    output_tokens: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One request in two batches."""

    custom_id: str
    turn: Turn
    first: Side | None
    second: Side | None

    @property
    def change(self) -> Change:
        """How the request differs."""
        return self.turn.change


@dataclass(slots=True)
class Comparison:
    """What two batches differ in, counted."""

    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    gained: int = 0
    """Requests that succeeded in the second only."""
    lost: int = 0
    """Requests that succeeded in the first only."""
    first_tokens: Tokens = (0, 0)
    """Input and output tokens of the requests both have, in the first."""
    second_tokens: Tokens = (0, 0)

    @property
    def common(self) -> int:
        """Requests that both batches have."""
        return sum(self.counts[change] for change in (Change.SAME, Change.ANSWER, Change.OUTCOME))

    def add(self, difference: Difference) -> None:
        """Count one request."""
        first, second = difference.first, difference.second
        if first is None or second is None:
            self.note(difference.turn)
        else:
            self.note(difference.turn, _tokens(first), _tokens(second))

    def note(self, turn: Turn, before: Tokens = (0, 0), after: Tokens = (0, 0)) -> None:
        """Count one request by how it turned out, and by its tokens when both have it."""
        self.counts[turn.change] += 1
        self.gained += turn is Turn.GAINED
        self.lost += turn is Turn.LOST
        self.first_tokens = _plus(self.first_tokens, before)
        self.second_tokens = _plus(self.second_tokens, after)


def differences(first: JoinedResults, second: JoinedResults) -> Iterator[Difference]:
    """Every request of both batches with its sides; see :func:`turns.turned` for the order, and what it raises."""
    for row, other, turn in turned(first, second):
        before = None if row is None else side_of(first, row)
        after = None if other is None else side_of(second, other)
        custom_id = second.columns.custom_id(other or 0) if row is None else first.columns.custom_id(row)
        yield Difference(custom_id, turn, before, after)


def side_of(joined: JoinedResults, row: int) -> Side:
    """A request in one of the two batches."""
    columns = joined.columns
    has_usage = columns.flags[row] & HAS_USAGE
    return Side(
        row,
        OUTCOMES[columns.outcomes[row]],
        columns.status_table[columns.statuses[row]],
        joined.reason(row).code,
        columns.input_tokens[row] if has_usage else None,
        columns.output_tokens[row] if has_usage else None,
    )


def _tokens(side: Side) -> Tokens:
    return (side.input_tokens or 0, side.output_tokens or 0)


def _plus(total: Tokens, more: Tokens) -> Tokens:
    return (total[0] + more[0], total[1] + more[1])
