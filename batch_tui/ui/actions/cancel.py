"""Cancel: two keys, no accident. What is to be stopped is frozen by id when the first key is pressed."""

from __future__ import annotations

from collections.abc import Sequence

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import CancelOutcome, CancelState
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Piece, Tone

CANCELLING = "cancelling…"
"""What the row says from the key until the service answers."""
UNCONFIRMED = "cancel sent, not confirmed"


class CancelAction:
    """Stops one batch, the marked ones, or every active one that is shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def selected(self, selection: Selection) -> None:
        """Ask about the batch under the cursor, or the marked ones."""
        shown = {batch.id for batch in selection.shown}
        self._ask(selection.targets, sum(batch.id not in shown for batch in selection.targets))

    def shown(self, selection: Selection) -> None:
        """Ask about every active batch the filter shows."""
        self._ask(selection.shown, 0, is_always_typed=True)

    def _ask(self, targets: Sequence[Batch], hidden: int, *, is_always_typed: bool = False) -> None:
        stoppable = [batch for batch in targets if is_stoppable(batch)]
        ids = tuple(batch.id for batch in stoppable)
        if not ids:
            self._desk.say("Nothing to cancel: all of them have ended.")
            return
        if len(ids) == 1 and not is_always_typed:
            self._desk.ask(one_question(stoppable[0]), lambda: self.go(ids))
            return
        self._desk.ask(many_question(len(ids), hidden), lambda: self.go(ids), number=len(ids))

    def go(self, ids: tuple[str, ...]) -> None:
        """Cancel these without asking: somebody already said so."""
        for batch_id in ids:
            self._desk.note(batch_id, CANCELLING)
        self._desk.start(self._cancel(ids), name="cancel", group="")

    async def _cancel(self, ids: tuple[str, ...]) -> None:
        done = 0
        try:
            async for outcome in self._desk.cockpit.canceller.cancel(ids):
                done += outcome.state in {CancelState.CONFIRMED, CancelState.NOTHING_TO_DO}
                self._tell(outcome, len(ids), done)
        except BatchTuiError as error:
            self._desk.fail(str(error))
        finally:
            for batch_id in ids:
                if self._desk.notes.get(batch_id) == CANCELLING:
                    self._desk.note(batch_id, None)

    def _tell(self, outcome: CancelOutcome, asked: int, done: int) -> None:
        desk, name = self._desk, self._name(outcome)
        match outcome.state:
            case CancelState.SENT:
                return
            case CancelState.UNCONFIRMED:
                desk.note(outcome.batch_id, UNCONFIRMED)
                desk.warn(outcome.message or f"{name}: cancel sent, not confirmed yet.")
            case CancelState.REFUSED:
                desk.note(outcome.batch_id, None)
                desk.fail(outcome.message or f"{name} was not cancelled.")
            case CancelState.CONFIRMED | CancelState.NOTHING_TO_DO:
                desk.note(outcome.batch_id, None)
                share = f"{done}/{asked}  " if asked > 1 else ""
                desk.say(share + (outcome.message or _done(name, outcome.batch)))

    def _name(self, outcome: CancelOutcome) -> str:
        batch = outcome.batch or self._desk.cockpit.store.get(outcome.batch_id)
        return batch.name if batch is not None else outcome.batch_id


def _done(name: str, batch: Batch | None) -> str:
    if batch is not None and batch.status is BatchStatus.CANCELLING:
        return f"{name} is being cancelled: requests in flight still finish, and are billed."
    return f"{name} is {batch.status.value if batch is not None else 'cancelled'}."


def is_stoppable(batch: Batch) -> bool:
    """True when a cancel can still do something."""
    return not batch.is_terminal and batch.status is not BatchStatus.CANCELLING


def one_question(batch: Batch) -> tuple[Piece, ...]:
    """What the confirmation says about one batch."""
    counts = batch.counts
    progress = "nothing done yet"
    if counts.total > 0:
        progress = f"{formatting.grouped(counts.done)}/{formatting.grouped(counts.total)} done (kept, billed)"
    return (
        Piece("Cancel ", Tone.WARNING),
        Piece(f"{batch.name}?", Tone.STRONG),
        Piece(f"  {progress}", Tone.PLAIN),
        *(
            (Piece(f"  {formatting.grouped(counts.unfinished)} not sent", Tone.MUTED),)
            if counts.unfinished
            else ()
        ),
    )


def many_question(number: int, hidden: int) -> tuple[Piece, ...]:
    """What the confirmation says about several."""
    note = f" ({hidden} hidden by filter)" if hidden else ""
    return (Piece(f"Cancel {formatting.plural(number, 'batch')}{note}?", Tone.WARNING),)
