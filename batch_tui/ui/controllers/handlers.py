"""Which command does what: ids of the table of commands to the parts of the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.controllers.action_set import ActionSet
from batch_tui.ui.controllers.configuring import Configuring
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


def later(find: Callable[[], Handler]) -> Handler:
    """A handler that is looked for when it is used."""

    def handle(selection: Selection) -> None:
        find()(selection)

    return handle


def action_handlers(desk: Desk, deck: Deck, workspace: Path) -> dict[str, Handler]:
    """What changes something in the account or on the disk."""
    actions = ActionSet(desk, deck, workspace)

    def save(selection: Selection) -> None:
        if selection.is_partial:
            deck.inspector.outcomes.load_all(selection)
        else:
            actions.save.selected(selection)

    return {
        "new": later(lambda: actions.submit.new),
        "upload": later(lambda: actions.submit.upload),
        "cancel": later(lambda: actions.cancel.selected),
        "cancel_shown": later(lambda: actions.cancel.shown),
        "fix": later(lambda: actions.fix.selected),
        "mend": later(lambda: actions.mend.selected),
        "save": save,
        "delete": always(deck.remote.delete),
        "download": always(deck.remote.download),
        "clean": always(deck.remote.clean),
        "compare": later(lambda: actions.compare.selected),
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
        "config": always(Configuring(desk, handover).open),
    }
