"""The actions, each loaded when it is first asked for: a start needs none of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.ui.deck import Deck
from batch_tui.ui.desk import Desk

if TYPE_CHECKING:
    from batch_tui.ui.actions.cancel import CancelAction
    from batch_tui.ui.actions.compare import CompareAction
    from batch_tui.ui.actions.fix import FixAction
    from batch_tui.ui.actions.mend import MendAction
    from batch_tui.ui.actions.save import SaveAction
    from batch_tui.ui.actions.submit import SubmitAction


class ActionSet:
    """What a user can do to the account and the disk.

    Args:
        desk: What actions work with.
        deck: The panes.
        workspace: Directory that Save writes to.
    """

    def __init__(self, desk: Desk, deck: Deck, workspace: Path) -> None:
        self._desk = desk
        self._deck = deck
        self._workspace = workspace

    @cached_property
    def submit(self) -> SubmitAction:
        """From a file to a batch."""
        from batch_tui.ui.actions.submit import SubmitAction  # noqa: PLC0415

        return SubmitAction(self._desk)

    @cached_property
    def cancel(self) -> CancelAction:
        """Stops batches."""
        from batch_tui.ui.actions.cancel import CancelAction  # noqa: PLC0415

        return CancelAction(self._desk)

    @cached_property
    def fix(self) -> FixAction:
        """Sends again what has no good answer."""
        from batch_tui.ui.actions.fix import FixAction  # noqa: PLC0415

        return FixAction(self._desk, self._deck.inspector.outcomes.rows_meant)

    @cached_property
    def mend(self) -> MendAction:
        """Mends local files."""
        from batch_tui.ui.actions.mend import MendAction  # noqa: PLC0415

        return MendAction(self._desk)

    @cached_property
    def save(self) -> SaveAction:
        """Fetches output and errors."""
        from batch_tui.ui.actions.save import SaveAction  # noqa: PLC0415

        return SaveAction(self._desk, self._workspace)

    @cached_property
    def compare(self) -> CompareAction:
        """Holds two batches against each other."""
        from batch_tui.ui.actions.compare import CompareAction  # noqa: PLC0415

        return CompareAction(self._desk, self._deck.comparisons)
