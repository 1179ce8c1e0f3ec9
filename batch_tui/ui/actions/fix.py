"""Fix: the requests without a good answer become a new input, and after a yes a new batch."""

from __future__ import annotations

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.engine.resubmit import RetryPlan
from batch_tui.ui.actions.estimating import amount_to_type, estimated
from batch_tui.ui.actions.submit import tell
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.money import estimate_pieces


class FixAction:
    """Sends again what can pass, and says how much was left out and why."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def selected(self, selection: Selection) -> None:
        """Plan the retry of the batch under the cursor, or of those rows that Results is narrowed to."""
        if selection.batch is not None:
            self._desk.start(self._plan(selection.batch, selection.rows), name="fix", group="fix")

    async def _plan(self, batch: Batch, only: frozenset[int] | None = None) -> None:
        desk = self._desk
        desk.say(f"Looking for the requests of {batch.name} that can pass…")
        try:
            plan = await desk.cockpit.resubmitter.plan(batch.id, batches=desk.cockpit.store.batches(), only=only)
            estimate = await estimated(desk.cockpit, plan.path) if plan.report is not None else None
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        if plan.kept == 0:
            desk.say(f"Nothing to send again: {left_out_text(plan) or 'every request succeeded'}.")
            return
        desk.ask(
            (*fix_question(plan), *estimate_pieces(estimate)),
            lambda: desk.start(self._send(plan), name="resubmit", group=""),
            number=amount_to_type(desk.cockpit, estimate),
        )

    async def _send(self, plan: RetryPlan) -> None:
        desk = self._desk
        try:
            step = await desk.cockpit.resubmitter.send(
                plan, on_step=lambda submission: tell(desk, plan.path.name, submission)
            )
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        tell(desk, plan.path.name, step)


def left_out_text(plan: RetryPlan) -> str:
    """How many requests stay behind: they would fail again."""
    count = sum(cause.count for cause in plan.left_out)
    return f"{formatting.plural(count, 'request')} would fail again" if count else ""


def fix_question(plan: RetryPlan) -> tuple[Piece, ...]:
    """What the confirmation says: how many go, how many stay, and roughly how large it is."""
    stay = sum(cause.count for cause in plan.left_out)
    behind = f"  {formatting.grouped(stay)} left out (would fail again)" if stay else ""
    tokens = formatting.amount(plan.report.tokens_estimate) if plan.report is not None else formatting.UNKNOWN
    return (
        Piece("Send again ", Tone.ACCENT),
        Piece(f"{plan.parent.name}?", Tone.STRONG),
        Piece(f"  {formatting.grouped(plan.kept)} of {formatting.grouped(plan.kept + stay)} can pass"),
        Piece(behind, Tone.WARNING),
        Piece(f"  ~{tokens} tokens in", Tone.MUTED),
    )
