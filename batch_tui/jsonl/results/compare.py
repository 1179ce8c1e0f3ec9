"""Two batches, request by request: what came out differently, what it took, what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from batch_tui.domain.lines import Outcome
from batch_tui.jsonl.results.columns import HAS_USAGE, OUTCOMES, SUCCEEDED
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.merge import checked_result_line
from batch_tui.jsonl.results.text import answer_text


class Change(StrEnum):
    """How a request differs between two batches."""

    SAME = "same"
    """The same outcome, and of two successes the same answer."""
    ANSWER = "answer"
    """Both succeeded, with different answers."""
    OUTCOME = "outcome"
    """It succeeded in one only, or failed for another reason."""
    ONLY_FIRST = "only_first"
    """The second batch has no such request."""
    ONLY_SECOND = "only_second"
    """The first batch has no such request."""


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
    change: Change
    first: Side | None
    second: Side | None


@dataclass(slots=True)
class Comparison:
    """What two batches differ in, counted."""

    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    gained: int = 0
    """Requests that succeeded in the second only."""
    lost: int = 0
    """Requests that succeeded in the first only."""
    first_tokens: tuple[int, int] = (0, 0)
    """Input and output tokens of the requests both have, in the first."""
    second_tokens: tuple[int, int] = (0, 0)

    @property
    def common(self) -> int:
        """Requests that both batches have."""
        return sum(self.counts[change] for change in (Change.SAME, Change.ANSWER, Change.OUTCOME))

    def add(self, difference: Difference) -> None:
        """Count one request."""
        self.counts[difference.change] += 1
        first, second = difference.first, difference.second
        if first is None or second is None:
            return
        was_good, is_good = first.outcome is Outcome.SUCCEEDED, second.outcome is Outcome.SUCCEEDED
        self.gained += is_good and not was_good
        self.lost += was_good and not is_good
        self.first_tokens = _plus(self.first_tokens, first)
        self.second_tokens = _plus(self.second_tokens, second)


def differences(first: JoinedResults, second: JoinedResults) -> Iterator[Difference]:
    """Every request of both batches, those of the first in its order, then those only the second has.

    Answers are compared as texts: ids, times and token counts differ in every reply. Of a custom_id that comes
    twice in a batch, the first row counts; rows without one are left out.

    Raises:
        InputFileError: A result file can't be read.
        FileChangedError: A result file isn't the one that was joined any more.
    """
    places: dict[str, int] = {}
    for row, custom_id in enumerate(second.columns.custom_ids()):
        places.setdefault(custom_id, row)
    seen: set[str] = set()
    for row, custom_id in enumerate(first.columns.custom_ids()):
        if not custom_id or custom_id in seen:
            continue
        seen.add(custom_id)
        other = places.get(custom_id)
        if other is None:
            yield Difference(custom_id, Change.ONLY_FIRST, _side(first, row), None)
        else:
            change = _change(first, row, second, other)
            yield Difference(custom_id, change, _side(first, row), _side(second, other))
    for custom_id, row in places.items():
        if custom_id and custom_id not in seen:
            yield Difference(custom_id, Change.ONLY_SECOND, None, _side(second, row))


def _change(first: JoinedResults, row: int, second: JoinedResults, other: int) -> Change:
    ours, theirs = first.columns, second.columns
    if ours.outcomes[row] != theirs.outcomes[other]:
        return Change.OUTCOME
    if ours.outcomes[row] != SUCCEEDED:
        return Change.SAME if first.reason(row) == second.reason(other) else Change.OUTCOME
    return Change.SAME if _answer(first, row) == _answer(second, other) else Change.ANSWER


def _answer(joined: JoinedResults, row: int) -> str:
    return answer_text(checked_result_line(joined, row) or b"")


def _side(joined: JoinedResults, row: int) -> Side:
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


def _plus(total: tuple[int, int], side: Side) -> tuple[int, int]:
    return (total[0] + (side.input_tokens or 0), total[1] + (side.output_tokens or 0))
