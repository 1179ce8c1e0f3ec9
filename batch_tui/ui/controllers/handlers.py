"""Which command does what: ids of the table of commands to the parts of the screen."""

from __future__ import annotations

from collections.abc import Callable

from batch_tui.ui.actions.cancel import CancelAction
from batch_tui.ui.actions.compare import CompareAction
from batch_tui.ui.actions.fix import FixAction
from batch_tui.ui.actions.mend import MendAction
from batch_tui.ui.actions.save import SaveAction
from batch_tui.ui.actions.submit import SubmitAction
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.controllers.dispatcher import Handler
from batch_tui.ui.controllers.handover import Handover
from batch_tui.ui.controllers.submits import Submits
from batch_tui.ui.deck import Deck
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.panes.results import ResultsPane


def always(work: Callable[[], object]) -> Handler:
    """A handler that doesn't look at the selection."""

    def handle(_selection: Selection) -> None:
        work()

    return handle


def action_handlers(desk: Desk, deck: Deck, save: SaveAction) -> dict[str, Handler]:
    """What changes something in the account or on the disk."""
    submit, cancel, fix = (
        SubmitAction(desk),
        CancelAction(desk),
        FixAction(desk, deck.inspector.outcomes.rows_meant),
    )
    return {
        "new": submit.new,
        "upload": submit.upload,
        "cancel": cancel.selected,
        "cancel_shown": cancel.shown,
        "fix": fix.selected,
        "mend": MendAction(desk, deck.files.reload).selected,
        "save": save.selected,
        "delete": always(deck.remote.delete),
        "download": always(deck.remote.download),
        "clean": always(deck.remote.clean),
        "compare": CompareAction(desk).selected,
    }


def submit_handlers(submits: Submits) -> dict[str, Handler]:
    """What decides about submits without a batch."""
    return {"send_again": submits.send_again, "dismiss": submits.dismiss}


def list_handlers(deck: Deck) -> dict[str, Handler]:
    """What filters and sorts."""
    batches = deck.batches

    def problems() -> None:
        pane = deck.panels.focused
        if isinstance(pane, BatchesPane | ResultsPane):
            pane.toggle_problems()

    return {
        "sort": always(batches.step_sort),
        "sort_reverse": always(batches.reverse_sort),
        "active_only": always(batches.toggle_active),
        "problems_only": always(problems),
        "times": always(deck.toggle_times),
    }


def handover_handlers(handover: Handover, desk: Desk) -> dict[str, Handler]:
    """What goes to other programs."""
    return {
        "edit": handover.edit,
        "pager": handover.page,
        "yank": handover.copy_id,
        "yank_menu": handover.menu,
        "config": always(lambda: handover.edit_file(desk.cockpit.settings.paths.config)),
    }
