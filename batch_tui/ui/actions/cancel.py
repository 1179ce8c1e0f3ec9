"""Cancel: two keys, no accident. What is to be stopped is frozen by id when the first key is pressed."""

from __future__ import annotations

from collections.abc import Sequence

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.queueing import QueueEntry
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import CancelOutcome, CancelState
from batch_tui.ui.actions.queueing import QueueAction
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.money import unspent_text

CANCELLING = "cancelling…"
"""What the row says from the key until the service answers."""
UNCONFIRMED = "cancel sent, not confirmed"


class CancelAction:
    """Stops one batch, the marked ones, all parts of a group, or every active one that is shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queue = QueueAction(desk)

    def selected(self, selection: Selection) -> None:
        """Ask about the batch under the cursor, or the marked ones."""
        targets = selection.targets
        if not targets and selection.queued is not None:
            self._queue.take_out(selection.queued)
            return
        shown = {batch.id for batch in selection.each(selection.shown)}
        hidden = sum(batch.id not in shown for batch in selection.each(targets))
        self._ask(selection, targets, hidden)

    def shown(self, selection: Selection) -> None:
        """Ask about every active batch the filter shows."""
        self._ask(selection, selection.shown, 0, is_always_typed=True)

    def _ask(
        self, selection: Selection, targets: Sequence[Batch], hidden: int, *, is_always_typed: bool = False
    ) -> None:
        waiting = selection.waiting(targets)
        stoppable = [batch for batch in selection.each(targets) if is_stoppable(batch)]
        ids = tuple(batch.id for batch in stoppable)
        number = len(ids) + len(waiting)
        if not number:
            self._desk.say("Nothing to cancel: all of them have ended.")
            return
        unspent = unspent_text(stoppable, self._desk.cockpit.costs)
        if len(ids) == number == 1 and not is_always_typed:
            self._desk.ask(one_question(stoppable[0], unspent), lambda: self.go(ids))
            return
        whole = selection.groups.get(targets[0].id) if len(targets) == 1 else None
        question = many_question(len(ids), hidden, waiting=len(waiting), name=whole.name if whole else "")
        self._desk.ask((*question, *_unspent(unspent)), lambda: self._go_all(ids, waiting), number=number)

    def _go_all(self, ids: tuple[str, ...], waiting: tuple[QueueEntry, ...]) -> None:
        if ids:
            self.go(ids)
        if waiting:
            self._desk.start(self._queue.drop(waiting), name="drop", group="")

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


def one_question(batch: Batch, unspent: str = "") -> tuple[Piece, ...]:
    """What the confirmation says about one batch: what is kept and billed, and what isn't spent.

    Args:
        batch: The batch.
        unspent: The money; where nobody knows it, the requests that won't run are told.
    """
    counts = batch.counts
    progress = "nothing done yet"
    if counts.total > 0:
        progress = f"{formatting.grouped(counts.done)}/{formatting.grouped(counts.total)} done (kept, billed)"
    return (
        Piece("Cancel ", Tone.WARNING),
        Piece(f"{batch.name}?", Tone.STRONG),
        Piece(f"  {progress}", Tone.PLAIN),
        *_unspent(unspent or (f"{formatting.grouped(counts.unfinished)} not sent" if counts.unfinished else "")),
    )


def _unspent(text: str) -> tuple[Piece, ...]:
    return (Piece(f"  {text}", Tone.SUCCESS if "$" in text else Tone.MUTED),) if text else ()


def many_question(number: int, hidden: int, *, waiting: int = 0, name: str = "") -> tuple[Piece, ...]:
    """What the confirmation says about several.

    Args:
        number: Batches that run.
        hidden: How many of them the filter hides.
        waiting: Parts that wait in the queue.
        name: The group they are all part of, if it's one.
    """
    note = f" ({hidden} hidden by filter)" if hidden and not name else ""
    deeds = [f"Cancel {formatting.plural(number, 'batch')}{note}"] if number else []
    if waiting:
        deeds.append(f"{'take' if deeds else 'Take'} {formatting.plural(waiting, 'part')} out of the queue")
    return (
        Piece(", ".join(deeds), Tone.WARNING),
        Piece(" of " if name else ""),
        Piece(f"{name}?", Tone.STRONG if name else Tone.WARNING),
    )
