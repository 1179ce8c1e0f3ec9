"""Fix: the requests without a good answer become a new input, and after a yes a new batch."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Callable

from msgspec import Struct, field
from msgspec.structs import replace

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError, ConfigurationError
from batch_tui.domain.lines import Cause
from batch_tui.engine.results.resubmit import RetryPlan
from batch_tui.jsonl.rewriting.edit import REMOVED, Changes
from batch_tui.ui.actions.estimating import amount_to_type, estimated
from batch_tui.ui.actions.field_changes import EXAMPLE, read_changes
from batch_tui.ui.actions.submit import tell
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk, Option
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.money import estimate_pieces
from batch_tui.ui.widgets.table_painter import cut_inside

_NAME = 24
"""Cells of the batch's name in the question."""


class Wish(Struct, frozen=True):
    """What the user wants sent again, and changed how."""

    batch: Batch
    rows: frozenset[int] | None = None
    """Only these requests of its input; None for all."""
    cause: Cause | None = None
    """The one cause they share: chosen by hand, so sent even where they would fail again unchanged."""
    typed: str = ""
    """The changes as they were typed."""
    changes: Changes = field(default_factory=dict[str, object])


class FixAction:
    """Sends again what can pass, and says how much was left out and why; changed before, when the user wants it.

    Args:
        desk: What actions work with.
        rows_meant: The requests a selection is narrowed to, in input order; None for all.
    """

    def __init__(self, desk: Desk, rows_meant: Callable[[Selection], frozenset[int] | None]) -> None:
        self._desk = desk
        self._rows_meant = rows_meant

    def selected(self, selection: Selection) -> None:
        """Plan the retry of the batch under the cursor, or of what Inspect or Results is narrowed to."""
        batch = selection.batch
        if batch is None:
            return
        rows = self._rows_meant(selection)
        if rows is not None and not rows:
            self._desk.fail(
                f"No request of {batch.name} is listed: ⟦back⟧ shows all."
                if selection.cause is None
                else "Nobody can tell which requests these are without the batch's input."
            )
            return
        self._start(Wish(batch, rows, selection.cause))

    def _start(self, wish: Wish) -> None:
        self._desk.start(self._prepare(wish), name="fix", group="fix")

    async def _prepare(self, wish: Wish) -> None:
        with self._desk.preparing(f"Stopped looking for the requests of {wish.batch.name}: nothing was sent."):
            await self._plan(wish)

    async def _plan(self, wish: Wish) -> None:
        desk = self._desk
        desk.say(f"Looking for the requests of {wish.batch.name} that can pass…  ⟦back⟧ stops")
        try:
            plan = await desk.cockpit.groups.plan_retry(
                wish.batch.id,
                only=wish.rows,
                include_permanent=wish.cause is not None,
                changes=wish.changes,
            )
            estimate = await estimated(desk.cockpit, plan.path) if plan.report is not None else None
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        desk.on_files()
        if plan.kept == 0:
            desk.say(f"Nothing to send again: {plan.why_nothing(self._name_of)}.")
            return
        desk.ask(
            (*fix_question(plan, wish), *estimate_pieces(estimate)),
            lambda: desk.start(self._send(plan, wish), name="resubmit", group=""),
            no=lambda: self._discard(plan),
            other=Option("e", "edit", lambda: self._edit(plan, wish)),
            number=amount_to_type(desk.cockpit, estimate),
        )

    def _name_of(self, batch_id: str) -> str:
        batch = self._desk.cockpit.store.get(batch_id)
        return batch.name if batch is not None else batch_id

    def _edit(self, plan: RetryPlan, wish: Wish, note: str = "") -> None:
        """Ask what to change in every request before it is sent."""
        self._discard(plan)
        self._desk.ask_line(
            "change ",
            wish.typed,
            lambda text: self._changed(plan, wish, text),
            note=note or EXAMPLE,
            look=_looked_at,
        )

    def _changed(self, plan: RetryPlan, wish: Wish, text: str) -> None:
        wish = replace(wish, typed=text)
        try:
            changes = read_changes(text)
        except ConfigurationError as error:
            self._edit(plan, wish, str(error))
            return
        self._start(replace(wish, changes=changes))

    def _discard(self, plan: RetryPlan) -> None:
        """Nobody wants the new input any more: it's taken away, so that the next has its name."""
        self._desk.start(self._remove(plan), name="discard", group="fix")

    async def _remove(self, plan: RetryPlan) -> None:
        try:
            await asyncio.to_thread(plan.path.unlink, missing_ok=True)
        except OSError as error:
            self._desk.warn(f"{plan.path.name} stays: {error.strerror}.")
        self._desk.on_files()

    async def _send(self, plan: RetryPlan, wish: Wish) -> None:
        desk = self._desk
        desk.record("resubmit", "Sending again.", batch_id=plan.parent.id, command=command_of(wish))
        try:
            steps = await desk.cockpit.groups.send_retry(
                plan, on_step=lambda submission: tell(desk, plan.path.name, submission)
            )
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        for step in steps:
            tell(desk, plan.path.name, step)


def _looked_at(text: str) -> str:
    """What the typed changes are so far."""
    changes = read_changes(text)
    return formatting.plural(len(changes), "field") if changes else EXAMPLE


def command_of(wish: Wish) -> str:
    """The command line that sends the same again; of one cause alone there is none."""
    words = ["batch-tui", "retry", wish.batch.id]
    for place, value in wish.changes.items():
        words += ["--unset", place] if value is REMOVED else ["--set", f"{place}={json.dumps(value)}"]
    return shlex.join([*words, "--submit"])


def fix_question(plan: RetryPlan, wish: Wish) -> tuple[Piece, ...]:
    """What the confirmation says: how many go, changed or not, how many stay, and roughly how large it is."""
    stay = sum(cause.count for cause in plan.left_out)
    behind = f"  {formatting.grouped(stay)} left out (would fail again)" if stay else ""
    how_many = f"  {formatting.grouped(plan.kept)} of {formatting.grouped(plan.kept + stay)} can pass"
    if wish.cause is not None and not wish.cause.can_pass:
        how_many = f"  {formatting.plural(plan.kept, 'request')}"
        behind = "" if plan.changed else "  would fail again unchanged"
    changed = f", {formatting.grouped(plan.changed)} changed" if wish.changes else ""
    tokens = formatting.amount(plan.report.tokens_estimate) if plan.report is not None else formatting.UNKNOWN
    return (
        Piece("Send again ", Tone.ACCENT),
        Piece(f"{cut_inside(wish.batch.name, _NAME, '…')}?", Tone.STRONG),
        Piece(f"{how_many}{changed}"),
        Piece(behind, Tone.WARNING),
        Piece(f"  ~{tokens} tokens in", Tone.MUTED),
    )
