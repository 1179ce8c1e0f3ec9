"""What an action has at hand: the engine, the docked line, workers, and the notes on rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.queueing import QueueEntry
from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.commands.registry import with_key_names
from batch_tui.ui.text.cells import Piece
from batch_tui.ui.widgets.dock import Answer, Dock, Level
from batch_tui.ui.widgets.dock_text import Wordings

if TYPE_CHECKING:
    from batch_tui.engine.submitting.submission import Submission

_INFO_SECONDS = 8.0
"""How long a message of no urgency stays."""
_WARNING_SECONDS = 3.0
"""How long a warning stays at least; a key that comes sooner was on its way when it appeared."""

_ANSWERS = frozenset({"y", "enter", "q", "e"})
"""Keys that answer a question, and do something else without one that a user would not like by surprise."""
_is_work: ContextVar[bool] = ContextVar("is_work", default=False)
"""True in what was started in the background, and came by its questions without a key."""
CHOICE = "choice"
"""Kind of the prompt that a menu is."""
ENTRY = "entry"
"""Kind of the prompt for a line of text."""


class Option(Struct, frozen=True):
    """A third answer to a question."""

    key: str
    """One letter."""
    title: str
    run: Callable[[], None]


class Starter(Protocol):
    """Starts work in the background; the app's named workers."""

    def __call__(self, work: Coroutine[None, None, None], *, name: str, group: str) -> None:
        """Start it.

        Args:
            work: Raises nothing expected: it says what went wrong.
            name: For the log and the tests.
            group: Work of one group replaces what still runs of it; an empty one runs beside everything.
        """
        ...


class Desk:
    """Where actions do their work. It knows the docked line and no pane.

    Args:
        cockpit: The engine.
        dock: The docked line.
        start: Starts a named worker.
        changed: Called with the ids of batches whose rows should be drawn again.
    """

    def __init__(
        self,
        cockpit: Cockpit,
        dock: Dock,
        *,
        start: Starter,
        changed: Callable[[Sequence[str]], None],
        clock: Callable[[], float],
    ) -> None:
        self.cockpit = cockpit
        self._start = start
        self.notes: dict[str, str] = {}
        """What a row says in place of its status, by batch id: ``cancelling…``."""
        self.on_submit: Callable[[Submission], None] = _nobody
        """Told of every step of every submit, whatever began it."""
        self.on_queue: Callable[[Sequence[QueueEntry]], None] = _no_queue
        """Told of what waits, whatever changed it."""
        self.on_files: Callable[[], object] = _no_files
        """Told when local files are others than before: written here, or in the editor."""
        self._prepared = 0
        self._asked_at: float | None = None
        self._transfers: dict[object, tuple[asyncio.Task[object], str]] = {}
        self._take: Callable[[str], bool] | None = None
        self._dock = dock
        self._keys = {name: tuple(keys.split()) for name, keys in cockpit.settings.keymap.items()}
        self._changed = changed
        self._clock = clock
        self._tokens = count(1)
        self._asked: dict[str, dict[Answer, Callable[[], None] | None]] = {}
        self._entry: tuple[Callable[[str], None], Callable[[str], str]] = (_ignored, str)

    def start(self, work: Coroutine[None, None, None], *, name: str, group: str) -> None:
        """Start work in the background; see :class:`Starter`."""
        before = _is_work.set(True)
        try:
            self._start(work, name=name, group=group)
        finally:
            _is_work.reset(before)

    def say(self, text: str, level: Level = Level.INFO) -> None:
        """One sentence on the docked line; what isn't urgent goes after a while, a warning with the next key.

        It tells the user's own key where it names a command: ``⟦cancel⟧``.
        """
        stay = _INFO_SECONDS if level is Level.INFO else _WARNING_SECONDS
        self._dock.show_message(self.name_keys(text), level, until=self._clock() + stay)

    def name_keys(self, text: str) -> str:
        """A sentence with the user's own keys in place of its commands."""
        return with_key_names(text, self._keys)

    def warn(self, text: str) -> None:
        """A sentence that stays until it was seen: until another one comes, or a key is pressed."""
        self.say(text, Level.WARN)

    def fail(self, text: str) -> None:
        """A sentence about something that went wrong."""
        self.say(text, Level.ERROR)

    def ask(
        self,
        question: tuple[Piece, ...] | Wordings | str,
        yes: Callable[[], None],
        *,
        no: Callable[[], None] | None = None,
        other: Option | None = None,
        number: int | None = None,
    ) -> None:
        """Ask on the docked line, in place of what it says; what will be done is frozen in ``yes``."""
        self._dock.clear_message()
        token = f"question-{next(self._tokens)}"
        runs = {Answer.YES: yes, Answer.NO: no, Answer.OTHER: other.run if other else None}
        self._asked[token] = runs
        self._asked_at = time.monotonic() if _is_work.get() else None
        self._dock.confirm(token, question, number=number, other=(other.key, other.title) if other else None)

    @contextmanager
    def preparing(self, stopped: str) -> Generator[None]:
        """A question is on its way while the block runs: what would answer it does nothing yet, and esc stops it.

        Args:
            stopped: What is said then.
        """
        self._prepared += 1
        try:
            with self.transfer(stopped):
                yield
        finally:
            self._prepared -= 1

    def holds_back(self, key: str) -> bool:
        """True for a key that is typed as the answer to a question which isn't on the screen yet."""
        if not self._prepared or self._dock.is_typing or key not in _ANSWERS:
            return False
        self.warn("The question is still being prepared: answer when it is here; ⟦back⟧ stops it.")
        return True

    def is_too_old(self, typed_at: float) -> bool:
        """True for a key that was typed before the question came which is asked, and came without a key.

        Args:
            typed_at: By the monotonic clock.
        """
        return self._dock.is_asking and self._asked_at is not None and typed_at < self._asked_at

    def ask_line(
        self, label: str, text: str, take: Callable[[str], None], *, note: str, look: Callable[[str], str]
    ) -> None:
        """Ask for a line of text on the docked line; leaving it does nothing.

        Args:
            label: Stands before what is typed.
            text: To begin with.
            take: Gets the line after enter.
            note: Said beside it: what can be typed.
            look: Says what the line means so far, while it is typed; raises a ``BatchTuiError`` for a mistake.
        """
        self._entry = (take, look)
        self._dock.ask_text(ENTRY, label, text)
        self._dock.set_prompt_note(note)

    def entry_typed(self, text: str) -> None:
        """Something was typed into the line."""
        try:
            self._dock.set_prompt_note(self._entry[1](text))
        except BatchTuiError as error:
            self._dock.set_prompt_note(str(error), Level.WARN)

    def entered(self, text: str) -> None:
        """The line was ended with enter."""
        self._entry[0](text)

    def choose(self, label: str, note: str, take: Callable[[str], bool]) -> None:
        """Open a menu on the docked line: one letter chooses.

        Args:
            label: Stands before what is typed.
            note: The choices, on one line.
            take: Gets what was typed; True when that was a choice, which closes the menu.
        """
        self._take = take
        self._dock.ask_text(CHOICE, label)
        self._dock.set_prompt_note(note)

    def typed(self, text: str) -> None:
        """Something was typed in the menu."""
        if self._take is not None and text and self._take(text):
            self._take = None
            self._dock.close_prompt()

    def key_pressed(self) -> None:
        """Somebody looks: what was to be read has been."""
        self._dock.tick(self._clock(), is_key=True)

    def tick(self) -> None:
        """Time went by: a message that is old goes."""
        self._dock.tick(self._clock())

    def answered(self, token: str, answer: Answer) -> None:
        """The docked line got an answer."""
        asked = self._asked.pop(token, None)
        if asked is None:
            return
        if answer is Answer.NO:
            self._dock.clear_message()
        run = asked.get(answer)
        if run is not None:
            run()

    @contextmanager
    def transfer(self, stopped: str) -> Generator[None]:
        """A file is on its way while the block runs, and esc stops it with the worker it runs in.

        Args:
            stopped: What is said then.
        """
        key, task = object(), asyncio.current_task()
        if task is not None:
            self._transfers[key] = (task, stopped)
        try:
            yield
        finally:
            self._transfers.pop(key, None)

    def stop_transfer(self) -> bool:
        """Stop the transfer that began last; False when none is under way."""
        if not self._transfers:
            return False
        _, (task, stopped) = self._transfers.popitem()
        task.cancel()
        self.say(stopped)
        return True

    def note(self, batch_id: str, text: str | None) -> None:
        """Let a batch's row say something in place of its status, or (None) its status again."""
        if text is None:
            self.notes.pop(batch_id, None)
        else:
            self.notes[batch_id] = text
        self._changed((batch_id,))

    def redraw(self, ids: Sequence[str]) -> None:
        """More is known about these batches than the service said: draw them again."""
        self._changed(ids)

    def record(self, kind: str, text: str, *, batch_id: str | None = None, command: str | None = None) -> None:
        """Note an action in Events, with the command line that does the same."""
        self.cockpit.events.record(kind, text, batch_id=batch_id, command=command)


def _ignored(_text: str) -> None:
    """Nobody asked for a line."""


def _no_queue(_entries: Sequence[QueueEntry]) -> None:
    """Nobody looks at the queue."""


def _no_files() -> None:
    """Nobody looks at local files."""


def _nobody(_submission: Submission) -> None:
    """Listens to nothing."""
