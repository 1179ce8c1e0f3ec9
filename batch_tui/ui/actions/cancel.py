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
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.money import unspent_text
from batch_tui.ui.widgets.dock_text import Wordings

CANCELLING = "cancelling…"
"""What the row says from the key until the service answers."""
UNCONFIRMED = "cancel sent, not confirmed"
_NAMED = 5
"""Refused batches told by name; each has its reason in its Events."""


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
        if len(ids) == number == 1:
            question = one_question(stoppable[0], unspent, is_hidden=hidden > 0)
            self._desk.ask(question, lambda: self.go(ids), number=1 if is_always_typed else None)
            return
        whole = selection.groups.get(targets[0].id) if len(targets) == 1 else None
        question = many_question(
            stoppable, unspent, hidden=hidden, waiting=len(waiting), name=whole.name if whole else ""
        )
        self._desk.ask(question, lambda: self._go_all(ids, waiting), number=number)

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
        refused: list[tuple[str, str]] = []
        try:
            async for outcome in self._desk.cockpit.canceller.cancel(ids):
                done += outcome.state in {CancelState.CONFIRMED, CancelState.NOTHING_TO_DO}
                if outcome.state is CancelState.REFUSED:
                    refused.append((self._name(outcome), outcome.message))
                self._tell(outcome, len(ids), done)
                if refused and outcome.state is not CancelState.SENT:
                    self._desk.fail(refused_text(refused, len(ids), done))
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
                desk.warn(f"{name}: {outcome.message or 'cancel sent, not confirmed yet.'}")
            case CancelState.REFUSED:
                desk.note(outcome.batch_id, None)
            case CancelState.CONFIRMED | CancelState.NOTHING_TO_DO:
                desk.note(outcome.batch_id, None)
                share = f"{done}/{asked}  " if asked > 1 else ""
                told = f"{name}: {outcome.message}" if outcome.message else _done(name, outcome.batch)
                desk.say(share + told)

    def _name(self, outcome: CancelOutcome) -> str:
        batch = outcome.batch or self._desk.cockpit.store.get(outcome.batch_id)
        return batch.name if batch is not None else outcome.batch_id


def refused_text(refused: Sequence[tuple[str, str]], asked: int, done: int) -> str:
    """Which batches go on against the user's will, all of them by name as far as a line goes, and why.

    Args:
        refused: Name and reason of each.
        asked: How many were to be cancelled.
        done: How many of them don't run any more.
    """
    names = formatting.named([name for name, _ in refused], _NAMED)
    whom = f"{done} of {asked} cancelled, not {names}" if asked > 1 else f"{names} was not cancelled"
    return f"{whom}: {refused[0][1] or 'the service refused.'}"


def _done(name: str, batch: Batch | None) -> str:
    if batch is not None and batch.status is BatchStatus.CANCELLING:
        return f"{name} is being cancelled: requests in flight still finish, and are billed."
    return f"{name} is {batch.status.value if batch is not None else 'cancelled'}."


def is_stoppable(batch: Batch) -> bool:
    """True when a cancel can still do something."""
    return not batch.is_terminal and batch.status is not BatchStatus.CANCELLING


def one_question(batch: Batch, unspent: str = "", *, is_hidden: bool = False) -> Wordings:
    """What the confirmation says about one batch: what is kept and billed, and what isn't spent.

    Args:
        batch: The batch.
        unspent: The money; where nobody knows it, the requests that won't run are told.
        is_hidden: The filter hides it: it's marked, and not under the cursor.
    """
    note = (Piece("  (hidden by filter)", Tone.WARNING),) if is_hidden else ()
    return _worded(
        (Piece("Cancel ", Tone.WARNING), Piece(f"{batch.name}?", Tone.STRONG), *note), (batch,), unspent
    )


def many_question(
    batches: Sequence[Batch], unspent: str = "", *, hidden: int = 0, waiting: int = 0, name: str = ""
) -> Wordings:
    """What the confirmation says about several: the same, of all together.

    Args:
        batches: Those that run.
        unspent: The money.
        hidden: How many of them the filter hides.
        waiting: Parts that wait in the queue.
        name: The group they are all part of, if it's one.
    """
    note = f" ({hidden} hidden by filter)" if hidden and not name else ""
    deeds = [f"Cancel {formatting.plural(len(batches), 'batch')}{note}"] if batches else []
    if waiting:
        deeds.append(f"{'take' if deeds else 'Take'} {formatting.plural(waiting, 'part')} out of the queue")
    head = (
        Piece(", ".join(deeds), Tone.WARNING),
        Piece(" of " if name else ""),
        Piece(f"{name}?", Tone.STRONG if name else Tone.WARNING),
    )
    return _worded(head, batches, unspent)


def _worded(head: Cell, batches: Sequence[Batch], unspent: str) -> Wordings:
    """The question and what comes of a yes; on a narrow line what is kept stays longer than what isn't spent."""
    if not batches:
        return Wordings((head,))
    done, total = (sum(one) for one in zip(*((b.counts.done, b.counts.total) for b in batches), strict=True))
    kept = briefly = "nothing done yet"
    if total > 0:
        share = f"{formatting.grouped(done)}/{formatting.grouped(total)}"
        kept, briefly = f"{share} done (kept, billed)", f"{share} kept, billed"
    unfinished = sum(batch.counts.unfinished for batch in batches)
    left = unspent or (f"{formatting.grouped(unfinished)} not sent" if unfinished else "")
    saved = (Piece(f"  {left}", Tone.SUCCESS if "$" in left else Tone.MUTED),) if left else ()
    short = (*head, Piece(f"  {briefly}"))
    return Wordings(((*head, Piece(f"  {kept}"), *saved), (*short, *saved), short))
