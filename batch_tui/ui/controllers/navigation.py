"""Moving about: panes, tabs, zoom, prompt, palette, the way back and the way out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from textual.screen import Screen

from batch_tui.domain.errors import BatchTuiError
from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.controllers.dispatcher import Handler
from batch_tui.ui.controllers.filter_prompt import FilterPrompt
from batch_tui.ui.controllers.handlers import always
from batch_tui.ui.controllers.monitor_feed import MonitorFeed
from batch_tui.ui.controllers.submits import Submits
from batch_tui.ui.deck import Deck
from batch_tui.ui.desk import Desk
from batch_tui.ui.layout import PANES
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.results import ResultsPane
from batch_tui.ui.widgets.dock import Dock
from batch_tui.ui.widgets.table import VirtualTable


class Shell(Protocol):
    """What navigating needs of the app."""

    cockpit: Cockpit
    deck: Deck
    desk: Desk
    filter_prompt: FilterPrompt
    submits: Submits
    feed: MonitorFeed
    clock: Callable[[], float]

    @property
    def screen(self) -> Screen[object]:
        """The screen."""
        ...

    @property
    def dock(self) -> Dock:
        """The docked line."""
        ...

    def open_commands(self, title: str, *, is_whole: bool) -> None:
        """Open the list of commands: all, or those of the focused pane."""
        ...

    def close_commands(self) -> bool:
        """Close it."""
        ...

    def toggle_mouse(self) -> bool:
        """Let go of the mouse, or take it; True when it is taken now."""
        ...

    def end(self, code: int = 0) -> None:
        """End the program."""
        ...

    def redraw(self) -> None:
        """Draw everything again."""
        ...

    def action_suspend_process(self) -> None:
        """Back to the shell."""
        ...


class Navigation:
    """Commands that change what is looked at, never what exists.

    Args:
        shell: The app.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._interrupted_at = float("-inf")

    def handlers(self) -> dict[str, Handler]:
        """What to do, by command id."""
        shell = self._shell
        panes = {pane: always(partial(self._show, pane)) for pane in PANES}
        return panes | {
            "next_pane": always(lambda: self._step(1)),
            "previous_pane": always(lambda: self._step(-1)),
            "pane_left": always(lambda: self._fold_or_step(-1)),
            "pane_right": always(lambda: self._fold_or_step(1)),
            "previous_tab": always(lambda: self._deck.step_tab(-1)),
            "next_tab": always(lambda: self._deck.step_tab(1)),
            "folder_up": always(self._deck.files.go_up),
            "zoom": always(self._toggle_zoom),
            "grow": always(lambda: self._deck.panels.grow(shell.screen, 1)),
            "shrink": always(lambda: self._deck.panels.grow(shell.screen, -1)),
            "filter": always(lambda: shell.filter_prompt.open(self._deck.panels.focused)),
            "palette": always(lambda: shell.open_commands("Commands", is_whole=True)),
            "help": always(self._help),
            "back": always(self._back),
            "close": always(self._close),
            "quit": always(shell.end),
            "interrupt": always(self._interrupt),
            "refresh": always(self._refresh),
            "pause": always(self._pause),
            "redraw": always(shell.redraw),
            "suspend": always(shell.action_suspend_process),
            "mouse": always(self._toggle_mouse),
        }

    @property
    def _deck(self) -> Deck:
        return self._shell.deck

    def _show(self, pane: str) -> None:
        self._deck.show_pane(pane)

    def _step(self, count: int) -> None:
        self._deck.panels.step(self._shell.screen, count)

    def _fold_or_step(self, count: int) -> None:
        match self._deck.panels.focused:
            case FilesPane() | BatchesPane() as pane if pane.fold(is_open=count > 0):
                return
            case ResultsPane() as pane if pane.step_side(count):
                return
            case _:
                self._step(count)

    def _help(self) -> None:
        self._shell.open_commands(f"Help for {self._deck.panels.focused.TITLE}", is_whole=False)

    def _toggle_zoom(self) -> None:
        if not self._zoom(is_on=True):
            self._zoom(is_on=False)

    def _zoom(self, *, is_on: bool) -> bool:
        return self._deck.panels.zoom(self._shell.screen, is_on=is_on)

    def _back(self) -> bool:
        """One step back: list of commands, upload or download, search, answer, filter, marks, zoom."""
        pane = self._deck.panels.focused
        self._shell.dock.clear_message()
        if self._shell.close_commands() or self._shell.submits.stop(self._deck.selection):
            return True
        if self._shell.desk.stop_transfer():
            return True
        if isinstance(pane, InspectPane | ResultsPane) and pane.end_search():
            return True
        if isinstance(pane, ResultsPane) and (self._deck.inspector.outcomes.stop() or pane.close_answer()):
            return True
        if isinstance(pane, ResultsPane | BatchesPane | FilesPane) and pane.clear_filter():
            return True
        target = pane.focus_target
        if isinstance(target, VirtualTable) and target.clear_marks():
            return True
        if isinstance(pane, ResultsPane) and self._deck.comparisons.end():
            return True
        return self._zoom(is_on=False)

    def _close(self) -> None:
        """Close what lies over the list, or quit."""
        pane = self._deck.panels.focused
        if self._shell.close_commands():
            return
        if isinstance(pane, ResultsPane) and (pane.close_answer() or self._deck.comparisons.end()):
            return
        if not self._zoom(is_on=False):
            self._shell.end()

    def _interrupt(self) -> None:
        now = self._shell.clock()
        if now - self._interrupted_at < 3:
            self._shell.end()
            return
        self._interrupted_at = now
        self._shell.desk.say("⟦interrupt⟧ again quits; ⟦cancel⟧ cancels a batch.")

    def _refresh(self) -> None:
        pane = self._deck.panels.focused
        if isinstance(pane, FilesPane):
            pane.refresh_listing()
        monitor, desk = self._shell.cockpit.monitor, self._shell.desk
        if monitor.is_refused:
            desk.start(self._renew_key(), name="key", group="key")
            return
        monitor.refresh()
        self._shell.feed.expect_answer()
        desk.say("Asking the service…")

    async def _renew_key(self) -> None:
        cockpit, desk = self._shell.cockpit, self._shell.desk
        desk.say("Asking for the key anew…")
        try:
            is_other = await cockpit.renew_key()
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        self._shell.feed.expect_answer()
        desk.say("A new key: asking the service…" if is_other else "It is the same key: asking the service…")

    def _pause(self) -> None:
        monitor = self._shell.cockpit.monitor
        if monitor.is_paused:
            monitor.resume()
            self._shell.desk.say("Live again.")
        else:
            monitor.pause()
            self._shell.desk.say("Paused: nothing is asked until ⟦pause⟧. Your own commands still go out.")

    def _toggle_mouse(self) -> None:
        said = (
            "The mouse is ours again."
            if self._shell.toggle_mouse()
            else "The mouse is the terminal's: select text, ⟦mouse⟧ takes it back."
        )
        self._shell.desk.say(said)
