"""How each request turned out the second time: two joins held against each other, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.output import RowMeter
from batch_tui.jsonl.results.columns import MISSING, SUCCEEDED
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
    """The second batch has no answer to such a request."""
    ONLY_SECOND = "only_second"
    """The first batch has no answer to such a request."""


class Turn(StrEnum):
    """A change, with its direction told."""

    SAME = "same"
    ANSWER = "answer"
    GAINED = "gained"
    """It succeeded in the second only."""
    LOST = "lost"
    """It succeeded in the first only."""
    FAILURE = "failure"
    """It failed in both, for another reason."""
    ONLY_FIRST = "only_first"
    ONLY_SECOND = "only_second"

    @property
    def change(self) -> Change:
        """The change whose direction this is."""
        return _CHANGES.get(self, Change.OUTCOME)


_CHANGES = {
    Turn.SAME: Change.SAME,
    Turn.ANSWER: Change.ANSWER,
    Turn.ONLY_FIRST: Change.ONLY_FIRST,
    Turn.ONLY_SECOND: Change.ONLY_SECOND,
}

RowPair = tuple[int | None, int | None, Turn]
"""A request's row in the first and in the second join, None where there is none, and how it turned out."""


def turned(
    first: JoinedResults, second: JoinedResults, *, on_progress: ProgressHook | None = None
) -> Iterator[RowPair]:
    """Every request with an answer in either, those of the first in its order, then those only the second has.

    Answers are compared as texts: ids, times and token counts differ in every reply. Of a custom_id that comes
    twice in a batch, the first row counts; rows without one are left out, and so is what no file answers: that
    is the same whether a join had its input or not.

    Args:
        first: The batch from before.
        second: The batch from after.
        on_progress: Told how many bytes of the answers are behind.

    Raises:
        InputFileError: A result file can't be read.
        FileChangedError: A result file isn't the one that was joined any more.
    """
    before, after = _places(first), _places(second)
    meter = RowMeter(on_progress, sum(first.columns.result_lengths) + sum(second.columns.result_lengths))
    for custom_id, row in before.items():
        meter.add(first.columns.result_lengths[row])
        other = after.pop(custom_id, None)
        if other is None:
            yield row, None, Turn.ONLY_FIRST
        else:
            meter.add(second.columns.result_lengths[other])
            yield row, other, _turn(first, row, second, other)
    for row in after.values():
        meter.add(second.columns.result_lengths[row])
        yield None, row, Turn.ONLY_SECOND
    meter.end()


def _places(joined: JoinedResults) -> dict[str, int]:
    """The row of each custom_id that has an answer, in order."""
    outcomes, places = joined.columns.outcomes, dict[str, int]()
    for row, custom_id in enumerate(joined.columns.custom_ids()):
        if custom_id and outcomes[row] != MISSING:
            places.setdefault(custom_id, row)
    return places


def _turn(first: JoinedResults, row: int, second: JoinedResults, other: int) -> Turn:
    was_good = first.columns.outcomes[row] == SUCCEEDED
    is_good = second.columns.outcomes[other] == SUCCEEDED
    if was_good and is_good:
        return Turn.SAME if _answer(first, row) == _answer(second, other) else Turn.ANSWER
    if was_good or is_good:
        return Turn.GAINED if is_good else Turn.LOST
    return Turn.SAME if first.reason(row) == second.reason(other) else Turn.FAILURE


def _answer(joined: JoinedResults, row: int) -> str:
    return answer_text(checked_result_line(joined, row) or b"")
