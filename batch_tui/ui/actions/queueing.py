"""The queue: a file over the limits is split and waits for room; what waits is taken out again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import QueueEntry
from batch_tui.domain.text import printable
from batch_tui.engine.submitting.submission import SubmitOrder
from batch_tui.ui.actions.estimating import amount_to_type, estimated
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.money import estimate_pieces
from batch_tui.ui.widgets.table_painter import cut_inside

_NAME = 20
"""Cells of the file's name in the question."""


class QueueAction:
    """Puts files into the queue, in parts where they are too large, and takes out what was not sent."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def offer(self, path: Path) -> None:
        """Check a file that is over a limit for everything but its size, and ask whether to split and queue it."""
        desk, cockpit = self._desk, self._desk.cockpit
        name = printable(path.name)
        desk.say(f"Checking the requests of {name}…")
        try:
            report = await cockpit.parts.check_whole(path)
            limit = await cockpit.token_limits.for_model(report.model or "")
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        if not report.is_valid:
            first = next(iter(report.problems), None)
            reason = f"line {first.line}: {first.message}" if first is not None else "the service would refuse it."
            desk.fail(f"{name} is over the limits, and {reason}")
            return
        estimate = await estimated(cockpit, path)
        parts = parts_needed(report, cockpit.settings.profile.limits.max_requests, limit)
        desk.ask(
            (*split_question(name, report, parts), *estimate_pieces(estimate)),
            lambda: self._start(path, report),
            number=amount_to_type(cockpit, estimate),
        )

    def ask(self, path: Path, report: Report, number: int | None) -> None:
        """Queue a checked file: at once, or where its cost is large, after that was typed.

        Args:
            path: The file.
            report: Its check.
            number: The whole dollars to type; None when a key was enough.
        """
        if number is None:
            self._start(path, report)
            return
        question = (Piece("Queue ", Tone.ACCENT), Piece(f"{cut_inside(path.name, _NAME, '…')}?", Tone.STRONG))
        self._desk.ask(question, lambda: self._start(path, report), number=number)

    def _start(self, path: Path, report: Report) -> None:
        self._desk.start(self._queue(path, report), name="queue-file", group="")

    def take_out(self, entry: QueueEntry) -> None:
        """Ask whether to take something out of the queue that was not sent."""
        name = printable(entry.name or Path(entry.path).name, 256)
        question = (
            Piece("Take ", Tone.WARNING),
            Piece(name, Tone.STRONG),
            Piece(" out of the queue?"),
            Piece(f"  {formatting.plural(entry.requests, 'request')} will not be sent", Tone.MUTED),
        )
        self._desk.ask(question, lambda: self._desk.start(self.drop((entry,)), name="drop", group=""))

    async def drop(self, entries: Sequence[QueueEntry]) -> None:
        """Take these out."""
        runner = self._desk.cockpit.queue_runner
        try:
            dropped = await runner.drop(entries)
        except BatchTuiError as error:
            self._desk.fail(str(error))
            return
        self._desk.on_queue(runner.entries)
        left = len(entries) - len(dropped)
        also = f" {left} were being sent already." if left > 0 else ""
        self._desk.say(f"{formatting.grouped(len(dropped))} taken out of the queue.{also}")

    async def _queue(self, path: Path, report: Report) -> None:
        desk, cockpit = self._desk, self._desk.cockpit
        name = printable(path.name)

        def told(progress: Progress) -> None:
            share = formatting.percent(progress.fraction) if progress.fraction is not None else "…"
            desk.say(f"Splitting {name} {share}")

        order = SubmitOrder(
            path=path,
            report=report,
            endpoint=report.endpoint or "",
            name=path.stem,
            completion_window=cockpit.settings.profile.completion_window,
        )
        try:
            limit = await cockpit.token_limits.for_model(report.model or "")
            parted = await cockpit.parts.parted(order, max_tokens=limit, on_progress=told)
            entries = await cockpit.queue_runner.add(parted.orders)
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        self._desk.on_queue(cockpit.queue_runner.entries)
        desk.record("queue", f"Queued {path}", command=f"batch-tui submit --split --queue {path}")
        desk.say(f"{name}: {formatting.plural(len(entries), 'part')} in the queue, sent as there is room.")


def parts_needed(report: Report, most_requests: int, most_tokens: int | None) -> int:
    """Into how many parts a file will be cut, by its requests and its tokens; by its bytes it may be more."""
    by_tokens = -(-report.tokens_estimate // most_tokens) if most_tokens else 1
    return max(2, -(-report.requests // max(1, most_requests)), by_tokens)


def split_question(name: str, report: Report, parts: int) -> tuple[Piece, ...]:
    """What the confirmation says."""
    return (
        Piece("Queue ", Tone.ACCENT),
        Piece(f"{parts} parts of "),
        Piece(f"{cut_inside(name, _NAME, '…')}?", Tone.STRONG),
        Piece("  sent as there is room"),
        Piece(f"  ~{formatting.amount(report.tokens_estimate)} tokens in", Tone.MUTED),
    )
