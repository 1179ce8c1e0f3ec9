"""What came back of a batch: said why it can't be shown, taken from the disk at once, or fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress
from batch_tui.domain.groups import Group, stands_for_group
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.money.costs import bill_of
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes import inspect as tabs
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.results import ResultsPane
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.money import batch_text
from batch_tui.ui.widgets.dock import Level

if TYPE_CHECKING:
    from batch_tui.domain.lines import Cause
    from batch_tui.engine.results.collect import Collected
    from batch_tui.engine.results.first_results import FirstResults
    from batch_tui.jsonl.results.joined import JoinedResults


FIRST_ROWS = 200
"""Rows shown at first of results that aren't on this machine."""
AT_ONCE = 5_000
"""Requests of a batch whose other rows follow unasked: some megabytes; those of a larger one are asked for."""


class Outcomes:
    """Fills Results, and the tabs of Inspect that tell of results.

    Args:
        desk: What actions work with.
        inspect: Where the summary and the causes go.
        results: Where rows go.
    """

    def __init__(self, desk: Desk, inspect: InspectPane, results: ResultsPane) -> None:
        self._desk = desk
        self._inspect = inspect
        self._results = results
        self._fetch: asyncio.Task[object] | None = None
        self._fetched = ""
        self._is_told = False

    def follow(self, batch: Batch) -> None:
        """The cursor stands on a batch: say what its results need, without asking anybody."""
        self._results.open_batch(batch)
        if self._results.joined is None and not self._is_fetching(batch):
            self._results.say(self.why_not_yet(batch) or f"⟦open⟧ or ⟦results⟧ shows the results of {batch.name}.")

    def ask(self, batch: Batch | None) -> None:
        """Results is asked for: show what there is of a batch, or say why nothing can be shown yet."""
        if batch is None:
            return
        reason = self.why_not_yet(batch)
        if reason is None:
            self.load(batch)
        else:
            self._results.open_batch(batch)
            self._results.say(reason)

    def load(self, batch: Batch, *, is_whole: bool = False) -> None:
        """Show the results of a batch; those that are shown stay.

        Args:
            batch: The batch, or a group as if it were one.
            is_whole: Fetch all of them; else the first rows are enough of what isn't on this machine.
        """
        results = self._results
        if self._is_shown(batch) and results.joined is not None and not (is_whole and results.is_partial):
            if not results.is_partial:
                self._fill_outcome(batch, results.joined)
            return
        if self._is_fetching(batch):
            return
        results.open_batch(batch)
        results.say(f"Opening the results of {batch.name}…")
        self._desk.start(self._load(batch, is_whole=is_whole), name="results", group="results")

    def load_all(self, selection: Selection) -> None:
        """Fetch the rest of what Results shows the first rows of."""
        if selection.batch is not None:
            self.load(selection.batch, is_whole=True)

    def list_cause(self, batch_id: str, cause: Cause) -> bool:
        """Narrow Results to the requests of a cause; False when it shows another batch."""
        from batch_tui.ui.panes.outcome import condition_of  # noqa: PLC0415 - not at the start

        joined, shown = self._results.joined, self._results.subject
        if joined is None or shown is None or shown.id != batch_id:
            return False
        self._results.close_answer()
        self._results.set_filter(condition_of(cause, joined.summary.causes))
        return True

    def rows_meant(self, selection: Selection) -> frozenset[int] | None:
        """The requests, in input order, that a selection is narrowed to; None for all of the batch.

        A cause of failure whose requests can't be told, for there is no input to count them in, gives none.
        """
        if selection.cause is None:
            return selection.rows
        joined = self._results.joined
        if joined is None or joined.input_path is None:
            return frozenset()
        return frozenset(joined.cause_rows(selection.cause))

    def why_not_yet(self, batch: Batch) -> str | None:
        """Why a batch or a group has no results to show, in one sentence; None when it has."""
        group = self._desk.cockpit.groups.get(batch.id) if stands_for_group(batch) else None
        return why_not_yet(batch) if group is None else why_no_group(group)

    def stop(self) -> bool:
        """Stop fetching; False when nothing is fetched."""
        fetch, self._fetch = self._fetch, None
        if fetch is None or fetch.done():
            return False
        fetch.cancel()
        self._results.say("Stopped: ⟦results⟧ or ⟦open⟧ fetches them again. What had come is kept for it.")
        return True

    def _is_fetching(self, batch: Batch) -> bool:
        return self._fetched == batch.id and self._fetch is not None and not self._fetch.done()

    async def _load(self, batch: Batch, *, is_whole: bool) -> None:
        self._fetch, self._fetched = asyncio.current_task(), batch.id
        try:
            is_group = stands_for_group(batch)
            joined = await (self._of_group if is_group else self._of_batch)(batch, is_whole=is_whole)
            if joined is None:
                return
            if not is_group:
                await self._reckon(batch, joined)
            self._end_telling(f"All results of {batch.name} are here.")
        except BatchTuiError as error:
            self._say_none(batch, str(error))
            self._end_telling(f"{batch.name}: {error}", Level.WARN)
            return
        finally:
            self._end_telling(f"Stopped fetching the results of {batch.name}: what had come is kept.")
        if self._is_shown(batch):
            self._results.show(joined)
        self._fill_outcome(batch, joined)

    async def _of_group(self, batch: Batch, *, is_whole: bool) -> JoinedResults | None:
        """All results of a group; None when only the first rows are shown."""
        groups, told = self._desk.cockpit.groups, self._teller(batch)
        told(Progress(0, None))
        if not is_whole and await self._show_first(batch, groups.first_results(batch.id, FIRST_ROWS)):
            return None
        return await groups.join(batch.id, on_progress=told)

    async def _of_batch(self, batch: Batch, *, is_whole: bool) -> JoinedResults | None:
        """All results of a batch; None when only the first rows are shown, or there are none."""
        collector = self._desk.cockpit.collector
        collected = await asyncio.to_thread(collector.local_results, batch)
        if collected is None:
            told = self._teller(batch)
            told(Progress(0, None))
            if not is_whole and await self._show_first(batch, collector.first_results(batch, FIRST_ROWS)):
                return None
            collected = await collector.collect(batch.id, on_progress=told)
            self._tell(batch, f"Reading the results of {batch.name}…  ⟦back⟧ stops")
        if not collected.files:
            self._say_none(batch, collected.message or f"{batch.name} brought nothing back.")
            return None
        return await self._join(batch, collected)

    async def _show_first(self, batch: Batch, fetching: Awaitable[FirstResults | None]) -> bool:
        """Show the first rows of what isn't on this machine; False when the others are to be fetched unasked."""
        try:
            first = await fetching
        except BatchTuiError:
            return False  # the whole file is fetched with more patience, and tells what is wrong
        if first is None:
            return False
        if first.is_whole or not self._is_shown(batch):
            first.joined.close()
            return False
        self._results.show(first.joined, is_partial=True)
        return batch.counts.total > AT_ONCE

    def _teller(self, batch: Batch) -> Callable[[Progress], None]:
        def told(progress: Progress) -> None:
            self._tell(batch, f"Fetching the results of {batch.name}  {_share(progress)}  ⟦back⟧ stops")

        return told

    def _tell(self, batch: Batch, sentence: str) -> None:
        """Say how far it is: in Results, or on the docked line where Results shows the first rows."""
        if not self._is_shown(batch):
            return
        if self._results.joined is None:
            self._results.say(sentence)
        else:
            self._is_told = True
            self._desk.say(sentence)

    def _end_telling(self, sentence: str, level: Level = Level.INFO) -> None:
        """Say how it ended where the docked line told how far it was, whatever is looked at by now."""
        if self._is_told:
            self._is_told = False
            self._desk.say(sentence, level)

    async def _join(self, batch: Batch, collected: Collected) -> JoinedResults:
        cockpit = self._desk.cockpit
        source: Path | None = None
        try:
            source = await cockpit.collector.fetch_input(batch)
        except BatchTuiError as error:
            self._desk.warn(f"Without the input, in the order of the answers: {error}")
        return await cockpit.workshop.join([collected.files], input_path=source)

    async def _reckon(self, batch: Batch, joined: JoinedResults) -> None:
        """Take the cost from the answers themselves: each tells its model, tier and tokens."""
        cockpit = self._desk.cockpit
        bill = await asyncio.to_thread(lambda: bill_of(joined.usage_groups, cockpit.prices))
        cockpit.costs.note_bill(batch.id, bill)
        self._desk.redraw([batch.id])

    def _is_shown(self, batch: Batch) -> bool:
        shown = self._results.subject
        return shown is not None and shown.id == batch.id

    def _say_none(self, batch: Batch, sentence: str) -> None:
        if self._is_shown(batch):
            self._results.say(sentence)
        if self._inspect.subject == batch.id and self._inspect.tab in {tabs.RESULTS, tabs.ERRORS}:
            self._inspect.say(self._inspect.tab, sentence)

    def _fill_outcome(self, batch: Batch, joined: JoinedResults) -> None:
        from batch_tui.ui.panes.outcome import cause_facts, summary_lines  # noqa: PLC0415 - not at the start

        if self._inspect.subject != batch.id:
            return
        summary = joined.summary
        money = batch_text(batch, self._desk.cockpit.costs)
        counted = summary_lines(summary, money, is_ascii=self._inspect.is_ascii)
        causes = cause_facts(summary.causes, self._desk.name_keys)
        lines, targets = [line for line, _ in causes], [target for _, target in causes]
        before = (*counted, ())
        self._inspect.fill(tabs.RESULTS, [*before, *lines], targets=[*(None for _ in before), *targets])
        failures = sum(cause.count for cause in summary.causes)
        none = [(Piece("Every request has a good answer.", Tone.SUCCESS),)]
        self._inspect.fill(tabs.ERRORS, lines or none, count=failures, targets=targets)


def why_no_group(group: Group) -> str | None:
    """Why a group has no results to show as one, in one sentence; None when it has."""
    if not group.is_ended:
        done = f"{formatting.grouped(group.counts.done)} of {formatting.grouped(group.counts.total)} done"
        return f"{group.name} hasn't ended ({done}): unfold it in Batches (⟦pane_right⟧) for the parts that have."
    return None if group.has_results else f"{group.name} brought nothing back."


def why_not_yet(batch: Batch) -> str | None:
    """Why a batch has no results to show, in one sentence; None when it has."""
    if batch.output_file_id or batch.error_file_id:
        return None
    counts = batch.counts
    if not batch.is_terminal:
        done = f"{formatting.grouped(counts.done)} of {formatting.grouped(counts.total)} done"
        how_far = done if counts.total > 0 else "nothing done yet"
        state = batch.raw_status or batch.status.value
        return f"{batch.name} is {state} ({how_far}): the service gives out results when it has ended."
    if batch.status is BatchStatus.FAILED:
        return (
            f"{batch.name} failed validation: nothing ran, so nothing came back. See Errors in ⟦inspect⟧ Inspect."
        )
    return f"{batch.name} brought nothing back ({batch.status.value})."


def _share(progress: Progress) -> str:
    return formatting.percent(progress.fraction) if progress.fraction is not None else "…"
