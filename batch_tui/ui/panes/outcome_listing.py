"""The requests of one batch with their outcomes, as Results lists them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache, partial

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.lines import Outcome
from batch_tui.engine.money.prices import PriceList
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.ui.panes.listing import (
    LOOKED_AT,
    OUTCOME_COLUMNS,
    answer_text,
    id_column,
    request_text,
    result_text,
)
from batch_tui.ui.panes.result_row import result_row
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.conversation import conversation, raw
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.text.lines import Lines, LineSource


class OutcomeListing:
    """Every request of a batch, with the conversation and the raw answer to look into.

    Args:
        joined: What came back.
        batch: The batch; None when nobody knows it any more.
        prices: What tokens cost.
        is_partial: Only the first rows of what came back.
        is_ascii: Whether only ASCII may be drawn.
    """

    def __init__(
        self, joined: JoinedResults, batch: Batch | None, prices: PriceList, *, is_partial: bool, is_ascii: bool
    ) -> None:
        self._joined = joined
        self._batch = batch
        self._prices = prices
        self._is_partial = is_partial
        self._is_ascii = is_ascii
        # Every key asks for the one under the cursor, and an answer can have megabytes.
        self._answer = lru_cache(maxsize=1)(partial(answer_text, joined))
        ids = [self.custom_id(row) for row in range(min(len(joined), LOOKED_AT))]
        self.columns = (id_column(ids), *OUTCOME_COLUMNS)
        """What is told of each request."""

    @property
    def none_matches(self) -> str:
        """What stands there when no row is left, with commands for their keys."""
        return "No request matches: ⟦back⟧ shows all." if len(self._joined) else "No request came back."

    def select(self, condition: str, *, is_problems_only: bool) -> Sequence[int]:
        """The requests that meet a condition."""
        joined = self._joined
        rows = joined.select(condition) if condition else array("Q", range(len(joined)))
        if is_problems_only:
            return array("Q", (row for row in rows if joined.reason(row).outcome is not Outcome.SUCCEEDED))
        return rows

    def cells(self, place: int) -> tuple[Cell, ...]:
        """A request with its outcome."""
        return result_row(self._joined, place, self._prices, batch=self._batch, is_ascii=self._is_ascii)

    def custom_id(self, place: int) -> str:
        """The request's custom_id."""
        return self._joined.columns.custom_id(place)

    def answer(self, place: int) -> str:
        """What came back for a request, as it came; empty for nothing."""
        return self._answer(place)

    def texts(self, place: int) -> Sequence[LineSource]:
        """The request with its answer, and the raw answer."""
        answer = result_text(self._joined, place)
        return (Lines(conversation(request_text(self._joined, place), answer)), raw(answer))

    def requests(self, places: Sequence[int], *, is_narrowed: bool) -> frozenset[int] | None:
        """The rows themselves; without the input, nobody could say which requests they are."""
        return frozenset(places) if is_narrowed and self._joined.input_path is not None else None

    def note(self, hidden: str) -> str:
        """How many came out how, with commands for their keys."""
        separator = f" {glyphs(is_ascii=self._is_ascii).separator} "
        name = self._batch.name if self._batch is not None else ""
        if self._is_partial:
            total = self._batch.counts.done if self._batch is not None else 0
            first = f"first {formatting.grouped(len(self._joined))} of {formatting.grouped(total)}"
            return f"{name}{separator}{first}{separator}⟦save⟧ fetches all {hidden}".rstrip()
        summary = self._joined.summary
        words = [name, f"{formatting.grouped(summary.succeeded)} ok"]
        rest = (("failed", summary.failed), ("not run", summary.not_run), ("missing", summary.missing))
        words += [f"{formatting.grouped(count)} {word}" for word, count in rest if count]
        words.append(hidden)
        return separator.join(word for word in words if word)
