"""What an action has at hand: the engine, the docked line, workers, and the notes on rows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from typing import Protocol

from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.submission import Submission
from batch_tui.ui.text.cells import Piece
from batch_tui.ui.widgets.dock import Dock, Level

_INFO_SECONDS = 8.0
"""How long a message of no urgency stays."""


CHOICE = "choice"
"""Kind of the prompt that a menu is."""


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
        self.start = start
        self.notes: dict[str, str] = {}
        """What a row says in place of its status, by batch id: ``cancelling…``."""
        self.on_submit: Callable[[Submission], None] = _nobody
        """Told of every step of every submit, whatever began it."""
        self._take: Callable[[str], bool] | None = None
        self._dock = dock
        self._changed = changed
        self._clock = clock
        self._tokens = count(1)
        self._asked: dict[str, tuple[Callable[[], None], Callable[[], None] | None]] = {}

    def say(self, text: str, level: Level = Level.INFO) -> None:
        """One sentence on the docked line; what isn't urgent goes after a while."""
        until = self._clock() + _INFO_SECONDS if level is Level.INFO else None
        self._dock.show_message(text, level, until=until)

    def warn(self, text: str) -> None:
        """A sentence that stays until another one comes."""
        self.say(text, Level.WARN)

    def fail(self, text: str) -> None:
        """A sentence about something that went wrong."""
        self.say(text, Level.ERROR)

    def ask(
        self,
        question: tuple[Piece, ...] | str,
        yes: Callable[[], None],
        *,
        no: Callable[[], None] | None = None,
        number: int | None = None,
    ) -> None:
        """Ask on the docked line; what will be done is frozen in ``yes``."""
        token = f"question-{next(self._tokens)}"
        self._asked[token] = (yes, no)
        self._dock.confirm(token, question, number=number)

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

    def tick(self) -> None:
        """Time went by: a message that is old goes."""
        self._dock.tick(self._clock())

    def answered(self, token: str, *, is_yes: bool) -> None:
        """The docked line got an answer."""
        yes, no = self._asked.pop(token, (None, None))
        if is_yes and yes is not None:
            yes()
        elif not is_yes:
            self._dock.clear_message()
            if no is not None:
                no()

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


def _nobody(_submission: Submission) -> None:
    """Listens to nothing."""
