"""The screen: puts the parts together, and carries messages between them. It decides nothing itself."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Event, Key, Resize
from textual.worker import Worker, WorkerState

from batch_tui.domain.queueing import QueueEntry
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.store import Changes
from batch_tui.ui import layout
from batch_tui.ui.commands.bindings import asking, textual_keymap
from batch_tui.ui.commands.keymap import read_keymap
from batch_tui.ui.commands.registry import Scope, command
from batch_tui.ui.controllers.attention import Attention
from batch_tui.ui.controllers.background import LongLived, start_work
from batch_tui.ui.controllers.dispatcher import Dispatcher
from batch_tui.ui.controllers.filter_prompt import FilterPrompt
from batch_tui.ui.controllers.handlers import action_handlers, handover_handlers, list_handlers, submit_handlers
from batch_tui.ui.controllers.handover import Handover
from batch_tui.ui.controllers.monitor_feed import MonitorFeed
from batch_tui.ui.controllers.navigation import Navigation
from batch_tui.ui.controllers.prompts import PALETTE, Prompts
from batch_tui.ui.controllers.recovery import confirm_cancels, take_up
from batch_tui.ui.controllers.submits import Submits
from batch_tui.ui.deck import Deck
from batch_tui.ui.desk import Desk
from batch_tui.ui.first_frame import FirstFrame
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.picture import Picture
from batch_tui.ui.session import SessionState, load_session, session_file
from batch_tui.ui.terminal.facts import terminal_facts, window_title
from batch_tui.ui.terminal.guest import GuestRoom
from batch_tui.ui.terminal.lifecycle import is_tty, run_screen
from batch_tui.ui.terminal.notifier import Notifier
from batch_tui.ui.terminal.presence import Presence
from batch_tui.ui.terminal.thrifty import ThriftyApp
from batch_tui.ui.terminal.turns import OrderlyApp
from batch_tui.ui.themes import TERMINAL_THEME, choose_theme
from batch_tui.ui.widgets.command_list import CommandList
from batch_tui.ui.widgets.dock import Dock
from batch_tui.ui.widgets.header import HeaderFacts, HeaderLine
from batch_tui.ui.widgets.quiet_screen import QuietScreen
from batch_tui.ui.widgets.too_small import TooSmall

FIRST_BATCHES = 200
"""Batches of the last run shown in the first picture; the others follow it."""


class BatchTuiApp(OrderlyApp, ThriftyApp, inherit_bindings=False):
    """The cockpit of one profile.

    Args:
        cockpit: The engine.
        workspace: Directory that Files shows and Save writes to.
        session: Where the user was the last time.
        is_ascii: Whether only ASCII may be drawn.
        clock: Unix seconds.
        first: The picture that was painted before, when there was one to paint.
    """

    TITLE = "batch-tui"
    CSS_PATH = "cockpit.tcss"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = layout.BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.APP)

    def __init__(
        self,
        cockpit: Cockpit,
        *,
        workspace: Path,
        session: SessionState | None = None,
        is_ascii: bool = False,
        clock: Callable[[], float] = time.time,
        first: FirstFrame | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        settings = cockpit.settings
        self.register_theme(TERMINAL_THEME)
        self.theme = choose_theme(settings.theme, self.available_themes)
        self._own_keys = read_keymap(settings.keymap, path=settings.paths.config)
        self.set_keymap(textual_keymap(self._own_keys))
        self.cockpit = cockpit
        self.clock = clock
        self._start = partial(start_work, self)
        self._is_ascii = is_ascii
        self._session = session or SessionState()
        self._place: SessionState | None = None
        self.dock = Dock(is_ascii=is_ascii, id="dock")
        self.desk = Desk(cockpit, self.dock, start=self._start, changed=self._rows_changed, clock=clock)
        self.header = HeaderLine(HeaderFacts(settings.profile.name))
        self.deck = Deck(self.desk, workspace, now=self.now, session=self._session, is_ascii=is_ascii)
        self.picture = Picture(first, settings.paths.config, self.deck.batches.table)
        is_read_only = settings.profile.read_only
        self.commands = CommandList(is_ascii=is_ascii, is_read_only=is_read_only, keymap=self._own_keys)
        self.submits = Submits(self.desk, self.deck.show_pending, clock)
        self.desk.on_queue = self._show_queue
        self.filter_prompt = FilterPrompt(self.dock)
        self.prompts = Prompts(self.commands, self.filter_prompt, self.desk)
        self.feed = MonitorFeed(
            cockpit, self.desk, self.header, self.deck.batches, clock=clock, after=self._ticked
        )
        self.guests = GuestRoom(self.suspend)
        self.dispatcher = self._wire(workspace)
        self.presence = Presence(clock)
        notifier = Notifier(settings.notify, write=self.write_raw, is_focused=lambda: self.presence.is_there)
        self.attention = Attention(self.desk, notifier, mark=self.deck.mark_alarmed, began=clock())

    def _wire(self, workspace: Path) -> Dispatcher:
        handover = Handover(self.desk, guests=self.guests, write=self.write_raw, environ=os.environ)
        handlers = {
            **action_handlers(self.desk, self.deck, workspace),
            **submit_handlers(self.submits),
            **list_handlers(self.deck),
            **handover_handlers(handover, self.desk),
            **Navigation(self).handlers(),
        }
        look, is_read_only = lambda: self.deck.selection, self.cockpit.settings.profile.read_only
        return Dispatcher(
            self.desk, selection=look, handlers=handlers, keymap=self._own_keys, is_read_only=is_read_only
        )

    def get_default_screen(self) -> QuietScreen:
        """A screen that isn't sent again when the focus moves, arranged for this width before it is styled."""
        width = self.size.width
        layout_class = next(name for least, name in reversed(layout.BREAKPOINTS) if width >= least)
        classes = " ".join((layout_class, *self.deck.panels.arrangement.classes(width)))
        return QuietScreen(is_busy=lambda: self.is_under_way, classes=classes)

    def compose(self) -> ComposeResult:
        """Header, panes, docked line; the list of commands lies over the panes."""
        yield self.header
        yield self.deck
        yield self.commands
        yield self.dock
        yield TooSmall(id="too-small")

    def on_mount(self) -> None:
        """Be where the user was, and begin the work after the first picture."""
        self.picture.take_over(self._driver)
        self.screen.set_class(self._is_ascii, "-ascii")
        if self._session.filter:
            self.filter_prompt.restore(self.deck.batches, self._session.filter)
        self.deck.restore(self.screen)
        self.feed.recall()
        self.show_hints()
        self.show_pictures()
        self.call_after_refresh(self._begin)

    def on_resize(self, event: Resize) -> None:
        """Another size: panes, cursor, marks stay."""
        self.deck.panels.apply(self.screen, event.size)

    def now(self) -> float:
        """Unix seconds by the server's clock."""
        return self.clock() + self.cockpit.store.server_offset

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A read-only profile has no key for what changes the account."""
        return action != "command" or self.dispatcher.has_key(parameters[0])

    async def action_command(self, command_id: str) -> None:
        """Run a command: the one action of the screen, whoever asks."""
        if self.dispatcher.knows(command_id):
            self.dispatcher.run(command_id)
        elif self.focused is not None and self.dispatcher.allows(command_id):
            await self.run_action(command(command_id).action, default_namespace=self.focused)
        self.show_hints()

    def show_hints(self) -> None:
        """The docked line tells what can be done here."""
        self.dock.set_hints(self.dispatcher.hints())

    def open_commands(self, title: str, *, is_whole: bool) -> None:
        """The list of commands, narrowed by what is typed."""
        self.commands.open(title, self.deck.selection, is_whole=is_whole)
        self.dock.ask_text(PALETTE, ":")

    def close_commands(self) -> bool:
        """Take the list away; False when it isn't there."""
        if not self.commands.is_open:
            return False
        self.commands.close()
        self.dock.close_prompt()
        return True

    async def on_event(self, event: Event) -> None:
        """Whatever comes tells whether somebody is there; a key that is older than the question isn't for it."""
        self.presence.note(event)
        if not isinstance(event, Key) or not event.is_forwarded or not self.desk.is_too_old(event.time):
            await super().on_event(event)

    def swallows(self, key: Key) -> bool:
        """Any key stops the guard's countdown, and does nothing else then; a warning goes with the next one."""
        self.desk.key_pressed()
        done, at = self.attention.stopped_by_key() or self.desk.holds_back(key.key), key.time
        return done or self.desk.is_too_old(at) or (self.dock.is_asking and self.picture.misleads(at))

    def end(self, code: int = 0) -> None:
        """End the program; what runs is taken up by the next start."""
        self.cockpit.begin_close()
        self._place = self.deck.session
        self.picture.keep(self, self.clock(), is_last=True)
        self.exit(code, return_code=code)

    def _begin(self) -> None:
        if not gc.isenabled():
            gc.freeze()  # what the start made lives as long as the program: no collection looks at it again
            gc.enable()
        if self._session.pane != layout.FILES:
            self.deck.files.reload()
        self._start(take_up(self.cockpit, self.desk), name="recover", group="recover")
        self._start(confirm_cancels(self.cockpit, self.desk), name="confirm", group="confirm")
        self._start(self.feed.run(), name="monitor", group="monitor")
        self._start(self.deck.facts.read_ahead(), name="read-ahead", group="read-ahead")
        self._start(self.deck.batches.lineup.read_ahead(LongLived().settled), name="line-up", group="line-up")
        self._start(self.feed.reckon(), name="prices", group="prices")

    def _rows_changed(self, ids: Sequence[str]) -> None:
        self.deck.rows_changed(ids)

    def _ticked(self, changes: Changes) -> None:
        if changes:
            self._batches_moved(changes)
        self.attention.after(changes)
        self.deck.rows_changed(self.deck.inspector.outdated if self.feed.is_live else ())
        self.picture.keep(self, self.clock())

    def _batches_moved(self, changes: Changes) -> None:
        self.deck.batches_moved(changes)
        counts = self.header.facts.counts
        self.show_title(window_title(counts.active, counts.troubled, is_ascii=self._is_ascii))
        self.show_hints()

    def _show_queue(self, entries: Sequence[QueueEntry]) -> None:
        """Something of the queue moved: what was sent from it is no submit without a batch any more."""
        self.deck.show_queue(entries)
        self.submits.refresh()

    @on(BatchesPane.Highlighted)
    def _pointed_elsewhere(self) -> None:
        """On another row other commands make sense."""
        self.show_hints()

    @on(Worker.StateChanged)
    def _worker_changed(self, event: Worker.StateChanged) -> None:
        """A bug in a worker ends the program like any other: with a report, and the terminal as it was."""
        if event.state not in {WorkerState.PENDING, WorkerState.RUNNING}:
            self.submits.refresh()
        error = event.worker.error  # pyright: ignore[reportUnknownMemberType] - Worker is generic
        if event.state is WorkerState.ERROR and isinstance(error, Exception):
            self._handle_exception(error)

    def _fatal_error(self) -> None:
        """A bug: end quietly. The report without locals is written when the terminal is back."""
        self._close_messages_no_wait()

    @property
    def bug(self) -> Exception | None:
        """What ended the screen against its will, or None."""
        return self._exception

    @property
    def place(self) -> SessionState:
        """Where the user is, for the next start."""
        return self._place or self.deck.session

    @on(Dock.Answered)
    def _answered(self, event: Dock.Answered) -> None:
        self.desk.answered(event.token, event.answer)

    @on(Dock.PromptChanged)
    def _typed(self, event: Dock.PromptChanged) -> None:
        self.prompts.typed(event.kind, event.text)

    @on(Dock.PromptAccepted)
    def _accepted(self, event: Dock.PromptAccepted) -> None:
        self.prompts.accepted(event.kind, event.text)

    @on(Dock.PromptDismissed)
    def _dismissed(self, event: Dock.PromptDismissed) -> None:
        self.prompts.dismissed(event.kind)

    @on(CommandList.Chosen)
    async def _chosen(self, event: CommandList.Chosen) -> None:
        self.close_commands()
        await self.action_command(event.command_id)

    def on_key(self, event: Key) -> None:
        """Arrows move in the list of commands; a key that does nothing here is told where it would."""
        if not self.commands.press(event) and not self.dock.is_typing:
            self.dispatcher.explain(event.key)

    def on_descendant_focus(self) -> None:
        """Another pane has other hints."""
        self.show_hints()


def run(cockpit: Cockpit, *, workspace: Path, first: FirstFrame | None = None) -> int:
    """Open the screen until the user leaves it.

    Args:
        cockpit: The engine; closed when this returns.
        workspace: Directory of the local files.
        first: The picture painted before anything was loaded.

    Returns:
        The exit code: 0, 1 after a crash, 2 where there is no terminal, 128 + N after signal N.
    """
    settings = cockpit.settings
    facts = terminal_facts(os.environ, is_input_tty=is_tty(sys.__stdin__), is_output_tty=is_tty(sys.__stderr__))
    if facts.refusal:
        print(facts.refusal, file=sys.stderr)  # noqa: T201 - there is no screen to say it on
        return 2
    gc.disable()
    cockpit.memory.restore(limit=FIRST_BATCHES)
    app = BatchTuiApp(
        cockpit,
        workspace=workspace,
        session=load_session(session_file(settings.paths.state)),
        is_ascii=settings.is_ascii if settings.is_ascii is not None else facts.is_ascii,
        first=first,
    )
    app.theme = choose_theme(settings.theme, app.available_themes, has_palette=facts.has_palette)
    before = None if first is None else first.attributes
    return run_screen(app, cockpit, has_mouse=settings.mouse, before=before)
