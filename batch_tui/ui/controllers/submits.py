"""Submits without a batch: kept in sight as rows of Batches, stopped, sent again or let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.worker import (
    NoActiveWorker,
    Worker,
    get_current_worker,  # pyright: ignore[reportUnknownVariableType] - Worker is generic
)

from batch_tui.domain.errors import BatchTuiError
from batch_tui.ui.commands.pending_submit import PendingSubmit
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Piece, Tone

if TYPE_CHECKING:
    from batch_tui.engine.submitting.submission import Submission

_STEP_SECONDS = 0.5
"""Seconds between two pictures of an upload: each costs bytes on the line to the terminal."""


class Submits:
    """Follows every submit from its first byte to its batch, whatever began it.

    Args:
        desk: What actions work with.
        show: Shows the rows.
        clock: Unix seconds.
    """

    def __init__(
        self,
        desk: Desk,
        show: Callable[[Sequence[PendingSubmit]], None],
        clock: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._show = show
        self._clock = clock
        self._running: dict[str, Submission] = {}
        self._workers: dict[str, Worker[object]] = {}
        self._begun: dict[str, tuple[float, int]] = {}
        self._shown_at = float("-inf")
        desk.on_submit = self.stepped

    def stepped(self, step: Submission) -> None:
        """A submit came further."""
        before = self._running.get(step.intent)
        if not step.phase.is_running:
            self._ended(step.intent)
            return
        self._running[step.intent] = step
        if step.progress is not None:
            self._begun.setdefault(step.intent, (self._clock(), step.progress.done))
        if before is None:
            self._follow(step.intent)
        is_new = before is None or (before.phase, before.message) != (step.phase, step.message)
        if is_new or self._clock() - self._shown_at >= _STEP_SECONDS:
            self.refresh()

    def refresh(self) -> None:
        """Show what is pending now."""
        self._forget_the_stopped()
        self._shown_at = self._clock()
        self._show(self.pending)

    @property
    def pending(self) -> tuple[PendingSubmit, ...]:
        """Every submit without a batch, oldest first."""
        return tuple(
            self._standing(PendingSubmit(operation)) for operation in self._desk.cockpit.submitter.pending()
        )

    def stop(self, selection: Selection) -> bool:
        """Stop the upload under the cursor; False when there is none."""
        for pending in self.pending:
            is_meant = pending == selection.pending or _is_of(pending, selection.pending, selection.file)
            worker = self._workers.get(pending.operation.intent)
            if is_meant and pending.is_stoppable and worker is not None:
                worker.cancel()
                self._ended(pending.operation.intent)
                self._desk.say(
                    f"Stopped the upload of {pending.name}: nothing was created; ⟦send_again⟧ sends it after all."
                )
                return True
        return False

    def send_again(self, selection: Selection) -> None:
        """Ask whether to send the submit under the cursor."""
        pending = selection.pending
        if pending is None:
            return
        warning = "  the first may exist: it is looked for once more, and can be paid twice"
        question = (
            Piece("Submit ", Tone.ACCENT),
            Piece(f"{pending.name}{' again' if pending.is_in_doubt else ''}?", Tone.STRONG),
            Piece(warning if pending.is_in_doubt else "  nothing was created before", Tone.WARNING),
        )
        self._desk.ask(question, lambda: self._desk.start(self._send(pending), name="submit", group=""))

    def dismiss(self, selection: Selection) -> None:
        """Let the submit under the cursor go, or take what waits out of the queue."""
        if selection.queued is not None:
            from batch_tui.ui.actions.queueing import QueueAction  # noqa: PLC0415 - not at the start

            QueueAction(self._desk).take_out(selection.queued)
        elif selection.pending is not None:
            self._let_go(selection.pending)

    def _let_go(self, pending: PendingSubmit) -> None:
        """A batch that may exist costs, and nobody looks for it then: that wants a yes."""

        def start() -> None:
            self._desk.start(self._dismiss(pending), name="dismiss", group="")

        if not pending.is_in_doubt:
            start()
            return
        question = (
            Piece("Let ", Tone.ACCENT),
            Piece(pending.name, Tone.STRONG),
            Piece(" go?"),
            Piece("  its batch may exist, and is not looked for any more", Tone.WARNING),
        )
        self._desk.ask(question, start)

    async def _send(self, pending: PendingSubmit) -> None:
        desk, name = self._desk, Path(pending.operation.path).name
        try:
            from batch_tui.ui.actions.submit import tell  # noqa: PLC0415 - hardly ever needed

            step = await desk.cockpit.submitter.resubmit(
                pending.operation.intent, on_step=lambda submission: tell(desk, name, submission)
            )
        except BatchTuiError as error:
            desk.fail(str(error))
            self._ended(pending.operation.intent)
            return
        tell(desk, name, step)

    async def _dismiss(self, pending: PendingSubmit) -> None:
        try:
            await self._desk.cockpit.submitter.dismiss(pending.operation.intent)
        except BatchTuiError as error:
            self._desk.fail(str(error))
            return
        self._desk.say(f"{pending.name} is let go: nothing more is done for it.")
        self.refresh()

    def _standing(self, pending: PendingSubmit) -> PendingSubmit:
        intent = pending.operation.intent
        shown = self._running.get(intent)
        step = shown or self._desk.cockpit.submitter.under_way(intent)
        if step is None:
            return pending
        return replace(
            pending,
            phase=step.phase,
            progress=step.progress,
            per_second=self._rate(step),
            hindrance=step.message,
            is_queued=shown is None,
        )

    def _rate(self, step: Submission) -> float | None:
        begun = self._begun.get(step.intent)
        if begun is None or step.progress is None:
            return None
        seconds = self._clock() - begun[0]
        return (step.progress.done - begun[1]) / seconds if seconds > 0 else None

    def _follow(self, intent: str) -> None:
        """Remember which worker carries a submit: stopping it stops the upload."""
        try:
            self._workers[intent] = get_current_worker()
        except NoActiveWorker:
            return

    def _forget_the_stopped(self) -> None:
        for intent, worker in tuple(self._workers.items()):
            if worker.is_finished:
                self._drop(intent)

    def _ended(self, intent: str) -> None:
        self._drop(intent)
        self.refresh()

    def _drop(self, intent: str) -> None:
        self._running.pop(intent, None)
        self._workers.pop(intent, None)
        self._begun.pop(intent, None)


def _is_of(pending: PendingSubmit, other: PendingSubmit | None, path: Path | None) -> bool:
    """True for the submit of the row or of the local file under the cursor."""
    if other is not None:
        return pending.operation.intent == other.operation.intent
    return path is not None and Path(pending.operation.path) == path.absolute()
