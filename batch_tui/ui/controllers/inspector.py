"""Filling Inspect and Results: what is at hand at once, the rest when its tab is opened."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.groups import stands_for_group
from batch_tui.domain.guard import Rule
from batch_tui.domain.lineage import family_of, group_of, parent_of
from batch_tui.domain.normalise import batch_to_wire
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import QueueEntry
from batch_tui.domain.text import printable
from batch_tui.engine.events import Event
from batch_tui.ui.commands.pending_submit import PendingSubmit
from batch_tui.ui.controllers.outcomes import Outcomes
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes import inspect as tabs
from batch_tui.ui.panes.batch_rows import BatchRows
from batch_tui.ui.panes.columns import BatchFacts
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.overview import OverviewFacts, overview_lines, standing, validation_facts
from batch_tui.ui.panes.results import ResultsPane
from batch_tui.ui.panes.verdict import remote_lines, report_facts
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.lines import Lines, TextLine
from batch_tui.ui.text.money import batch_text

if TYPE_CHECKING:
    from batch_tui.jsonl.index import LineIndex
    from batch_tui.jsonl.pages import LineFile

_RAW_LIMIT = 256 * 1024
"""Characters of what the service said of one batch that are laid out: the API says a few thousand."""
_NOT_HERE = {
    tabs.INPUT: "Only batches and local files show their lines here; "
    "⟦download⟧ in ⟦files⟧ Files downloads a remote file.",
    tabs.RESULTS: "Only batches have results.",
    tabs.ERRORS: "Only batches have errors here: what is wrong with a file stands in Overview.",
    tabs.RAW: "Only batches have JSON of the service's here.",
    tabs.EVENTS: "Only batches have events.",
}
"""What a tab says of something that has none of it."""
_MOST_OF_A_LINE = 64 * 1024
"""Bytes of a line that are shown in a list of lines; enter shows it whole."""


class FileLines:
    """A file's lines for a viewer, read while they are in sight."""

    def __init__(self, file: LineFile, index: LineIndex) -> None:
        self._file = file
        self._index = index
        # A viewer lets go of its lines when it shows others: that is when the file is no longer needed.
        weakref.finalize(self, file.close)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._index)

    def line(self, number: int) -> TextLine:
        """One line; its first 64 kB when it is longer."""
        try:
            raw = self._file.line(number, self._index, limit=_MOST_OF_A_LINE)
        except (BatchTuiError, IndexError) as error:
            return TextLine(str(error), Tone.ERROR)
        return TextLine(raw.decode(errors="replace"), is_json=True)


class Inspector:
    """Gives Inspect and Results their contents.

    Args:
        desk: What actions work with.
        inspect: Where facts go.
        results: Where rows go.
        rows: The batches and their groups.
        facts_of: What is known about a batch.
        now: Unix seconds by the server's clock.
    """

    def __init__(
        self,
        desk: Desk,
        inspect: InspectPane,
        results: ResultsPane,
        *,
        rows: BatchRows,
        facts_of: Callable[[Batch], BatchFacts],
        now: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._inspect = inspect
        self._results = results
        self._rows = rows
        self._facts_of = facts_of
        self._now = now
        self.outcomes = Outcomes(desk, inspect, results)
        """What came back of batches."""
        self._standing: tuple[int, ...] = ()

    def at_batch(self, batch: Batch | None) -> None:
        """The cursor stands on a batch, or on a group as if it were one: say what is known without asking."""
        if batch is None:
            return
        is_other = self._inspect.subject != batch.id
        self._inspect.open_subject(batch.id, batch.name, batch)
        self.outcomes.follow(batch)
        group = self._rows.groups.get(batch.id)
        told = self._overview(batch)
        self._standing = standing(told)
        said = [*overview_lines(told)]
        if group is not None:
            from batch_tui.ui.panes.queued import part_lines  # noqa: PLC0415 - not at the start

            said += part_lines(group, is_ascii=self._inspect.is_ascii)
        self._inspect.fill(tabs.OVERVIEW, said)
        if batch.errors or is_other:
            facts = validation_facts(batch)
            lines, targets = [content for content, _ in facts], [target for _, target in facts]
            self._inspect.fill(tabs.ERRORS, lines, count=len(batch.errors), targets=targets)
        if self._inspect.tab == tabs.EVENTS:
            self._fill_events(batch)

    @property
    def outdated(self) -> tuple[str, ...]:
        """The batch of which no longer holds what is said here, though nobody told anything of it."""
        batch = self._batch_of(self._inspect.subject)
        is_so = batch is None or standing(self._moving(batch)) == self._standing
        return () if is_so else (self._inspect.subject,)

    def at_pending(self, pending: PendingSubmit) -> None:
        """The cursor stands on a submit that has no batch yet."""
        from batch_tui.ui.panes.pending import pending_lines  # noqa: PLC0415 - not at the start

        self._inspect.open_subject(pending.row_id, pending.name, path=Path(pending.operation.path))
        self._results.open_batch(None, note="Nothing came back: this submit has no batch yet.")
        lines = pending_lines(
            pending, self._now(), is_ascii=self._inspect.is_ascii, name_keys=self._desk.name_keys
        )
        self._inspect.fill(tabs.OVERVIEW, lines)

    def at_queued(self, row_id: str, entry: QueueEntry) -> None:
        """The cursor stands on something that waits in the queue."""
        from batch_tui.ui.panes.queued import entry_name, queued_lines  # noqa: PLC0415 - not at the start

        self._inspect.open_subject(row_id, entry_name(entry), path=Path(entry.path))
        self._results.open_batch(None, note="Nothing came back: it waits in the queue.")
        lines = queued_lines(entry, self._now(), is_ascii=self._inspect.is_ascii, name_keys=self._desk.name_keys)
        self._inspect.fill(tabs.OVERVIEW, lines)

    def at_file(self, path: Path, sentence: str) -> None:
        """The cursor stands on a local file: say how it stands with its verdict."""
        self._inspect.open_subject(str(path), printable(path.name), path=path)
        self._inspect.say(tabs.OVERVIEW, sentence)

    def show_report(self, path: Path, report: Report) -> None:
        """A file was checked."""
        if self._inspect.subject == str(path):
            limits = self._desk.cockpit.settings.profile.limits
            lines, targets = report_facts(
                report, limits, is_ascii=self._inspect.is_ascii, name_keys=self._desk.name_keys
            )
            self._inspect.fill(tabs.OVERVIEW, lines, targets=targets)

    def at_remote(self, file: RemoteFile) -> None:
        """The cursor stands on a remote file."""
        users = tuple(
            batch.name
            for batch in self._desk.cockpit.store.batches()
            if file.id in {batch.input_file_id, batch.output_file_id, batch.error_file_id}
        )
        self._inspect.open_subject(file.id, file.filename or file.id)
        self._inspect.fill(tabs.OVERVIEW, remote_lines(file, users, self._now()))

    def tab_wanted(self, tab: str) -> None:
        """A tab was opened."""
        subject = self._inspect.subject
        batch = self._batch_of(subject)
        if tab == tabs.INPUT and subject in self._rows.groups:
            self._inspect.say(
                tab, "Each part has its own input: unfold the group in Batches (⟦pane_right⟧) and look there."
            )
        elif tab == tabs.INPUT and (batch is not None or self._inspect.path is not None):
            self._inspect.say(tab, "Opening…")
            self._desk.start(self._load_input(self._inspect.subject, batch), name="input", group="input")
        elif batch is not None:
            self._batch_tab(batch, tab)
        elif tab in _NOT_HERE:
            self._inspect.say(tab, _NOT_HERE[tab])

    def _batch_of(self, subject: str) -> Batch | None:
        return self._desk.cockpit.store.get(subject) or self._rows.get(subject)

    def _batch_tab(self, batch: Batch, tab: str) -> None:
        """A tab other than the input of a batch."""
        if tab == tabs.RAW:
            self._inspect.fill_text(tab, _raw_lines(batch))
        elif tab == tabs.EVENTS:
            self._fill_events(batch)
        elif tab == tabs.RESULTS or (tab == tabs.ERRORS and not batch.errors):
            reason = self.outcomes.why_not_yet(batch)
            if reason is None:
                self.outcomes.load(batch, is_whole=True)
            else:
                self._inspect.say(tab, reason)

    async def _load_input(self, subject: str, batch: Batch | None) -> None:
        from batch_tui.jsonl.pages import LineFile  # noqa: PLC0415 - not at the start

        cockpit, path = self._desk.cockpit, self._inspect.path
        try:
            if batch is not None:
                path = await cockpit.collector.fetch_input(batch)
            if path is None:
                return
            index = await cockpit.workshop.index(path)
            source = FileLines(LineFile.open(path), index)
        except BatchTuiError as error:
            if self._inspect.subject == subject:
                self._inspect.say(tabs.INPUT, str(error))
            return
        if self._inspect.subject == subject:
            self._inspect.fill_text(tabs.INPUT, source)

    def _fill_events(self, batch: Batch) -> None:
        cockpit = self._desk.cockpit
        group = cockpit.groups.get(batch.id) if stands_for_group(batch) else None
        names = {} if group is None else {part.id: part.name for part in group.batches}
        events = cockpit.events.recent(batch.id, *names)
        lines = [_event_line(event, self._now(), names.get(event.batch_id or "")) for event in reversed(events)]
        self._inspect.fill(tabs.EVENTS, lines or [(Piece("Nothing was done with it from here.", Tone.MUTED),)])

    def _family(self, batch: Batch) -> tuple[Batch, ...]:
        """Its relatives; looked for only when it has any, for the cursor may run through 10,000 batches."""
        batches = self._desk.cockpit.store.batches()
        is_alone = parent_of(batch) is None and group_of(batch) is None
        if is_alone and not self._desk.cockpit.store.has_retries(batch.id):
            return (batch,)
        return family_of(batch.id, batches)

    def _overview(self, batch: Batch) -> OverviewFacts:
        money, family = batch_text(batch, self._desk.cockpit.costs), self._family(batch)
        return replace(self._moving(batch), money=money, family=family)

    def _moving(self, batch: Batch) -> OverviewFacts:
        """What each poll asks for: without prices and relatives, which no time changes."""
        facts = self._facts_of(batch)
        alarms = self._desk.cockpit.patrol.guard.alarms(batch.id)
        return OverviewFacts(
            batch,
            now=self._now(),
            pace=facts.pace,
            note=self._desk.notes.get(batch.id, "gone" if facts.is_gone else ""),
            alarms=tuple(alarm.message for alarm in alarms),
            is_stalled=any(alarm.rule is Rule.STALLED for alarm in alarms),
            is_ascii=self._inspect.is_ascii,
        )


def _raw_lines(batch: Batch) -> Lines:
    """What the service said; of a batch that only the cache knows, what is known of it in the same words."""
    from batch_tui.jsonl.pages import pretty  # noqa: PLC0415 - not at the start

    raw = batch.raw or json.dumps(batch_to_wire(batch))
    if len(raw) > _RAW_LIMIT:
        left = formatting.grouped(len(raw) - _RAW_LIMIT)
        return Lines.of(f"{raw[:_RAW_LIMIT]}\n… {left} characters more: batch-tui show {batch.id[:80]} --json")
    return Lines.of(pretty(raw.encode("utf-8", "replace")), is_json=True)


def _event_line(event: Event, now: float, name: str | None) -> Cell:
    """One event; of a group with the name of its batch."""
    whose = () if name is None else (Piece(f"{name}  ", Tone.MUTED),)
    command = (Piece(f"  $ {event.command}", Tone.MUTED),) if event.command else ()
    return (Piece(f"{formatting.day(event.at, now)}  ", Tone.MUTED), *whose, Piece(event.text), *command)
