"""The docked line: hints, a message, a prompt or a question; the only place where the screen talks back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace
from rich.cells import cell_len
from textual.app import App
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from batch_tui.ui.commands.registry import Command
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.text.wrapping import shortened
from batch_tui.ui.widgets.dock_text import (
    Answer,
    Level,
    Note,
    Prompt,
    Question,
    TwoEnds,
    Wordings,
    hint_line,
    note_line,
    prompt_line,
    question_line,
)
from batch_tui.ui.widgets.line_editor import EditedLine
from batch_tui.ui.widgets.typed_line import TypedLine

__all__ = ["Answer", "Dock", "Level"]

_LEAVING = "ctrl+q"
"""Declines a question, as any key does, and leaves the program all the same."""


class Dock(TypedLine, can_focus=True):
    """One line at the bottom. A question hides a prompt, a prompt hides a message, a message hides the hints.

    It takes the focus for a prompt or a question and gives it back afterwards. Nothing in it blinks or ticks:
    a message goes when :meth:`tick` is called after its time, as each poll and each key does.

    A question is confirmed by the key ``y`` alone (or by its number and enter): every other key declines and
    does nothing else, but ``ctrl+q``; pasted text does nothing.

    Args:
        is_ascii: Whether only ASCII may be drawn.
    """

    DEFAULT_CSS = """
    Dock { height: 1; width: 1fr; }
    """

    @dataclass(eq=False)
    class Answered(Message):
        """The question was answered; left, it counts as declined."""

        dock: Dock
        token: str
        answer: Answer

    @dataclass(eq=False)
    class PromptChanged(Message):
        """Something was typed."""

        dock: Dock
        kind: str
        text: str

    @dataclass(eq=False)
    class PromptAccepted(Message):
        """Enter was pressed in the prompt."""

        dock: Dock
        kind: str
        text: str

    @dataclass(eq=False)
    class PromptDismissed(Message):
        """The prompt was left: escape, backspace in an empty one, or the focus went elsewhere."""

        dock: Dock
        kind: str

    def __init__(self, *, is_ascii: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._is_ascii = is_ascii
        self._glyphs = glyphs(is_ascii=is_ascii)
        self._hints: tuple[Command, ...] = ()
        self._note: Note | None = None
        self._prompt: Prompt | None = None
        self._question: Question | None = None
        self._focus_before: Widget | None = None

    @property
    def is_asking(self) -> bool:
        """True while a question waits for its answer."""
        return self._question is not None

    @property
    def is_prompting(self) -> bool:
        """True while something is being typed."""
        return self._prompt is not None

    @property
    def message(self) -> str:
        """The message that is shown, or would be without prompt and question; empty for none."""
        return self._note.text if self._note else ""

    @property
    def prompt_text(self) -> str:
        """What is typed so far; empty without a prompt."""
        return self._prompt.line.text if self._prompt else ""

    def set_hints(self, commands: Iterable[Command]) -> None:
        """The commands worth showing for the focused pane, most useful first."""
        hints = tuple(commands)
        if hints != self._hints:
            self._hints = hints
            self.changed()

    def show_message(self, text: str, level: Level = Level.INFO, *, until: float | None = None) -> None:
        """Say one sentence.

        Args:
            text: The sentence; may hold text from outside.
            level: How urgent.
            until: When it goes, by the clock given to :meth:`tick`; None: when it is replaced or cleared.
        """
        self._note = Note(text, level, until)
        self.changed()

    def clear_message(self) -> None:
        """Take the message away."""
        self._note = None
        self.changed()

    def tick(self, now: float, *, is_key: bool = False) -> None:
        """Take away a message whose time is over; call it with every poll and every key."""
        if self._note is not None and self._note.is_over(now, is_seen=is_key and not self.is_typing):
            self.clear_message()

    def ask_text(self, kind: str, label: str, text: str = "") -> None:
        """Open a prompt and take the focus.

        Args:
            kind: Comes back in the messages.
            label: Stands before the text: ``/``.
            text: To begin with.
        """
        self._prompt = Prompt(kind, label, EditedLine(text, len(text)))
        self._take_focus()

    def set_prompt_note(self, text: str, level: Level = Level.INFO) -> None:
        """Say something beside the prompt: how many match, or what can't be understood."""
        if self._prompt is not None:
            self._prompt = replace(self._prompt, note=text, level=level)
            self.changed()

    def close_prompt(self) -> None:
        """Close the prompt without a message."""
        self._prompt = None
        self._give_focus_back()

    def confirm(
        self,
        token: str,
        question: Cell | Wordings | str,
        *,
        number: int | None = None,
        other: tuple[str, str] | None = None,
    ) -> None:
        """Ask for a confirmation and take the focus. A question that is still open is declined.

        Args:
            token: Comes back in the messages: what will be done must be frozen behind it.
            question: What will happen; may hold text from outside.
            number: The number to be typed, when there is more than one target.
            other: Letter and title of a third answer.
        """
        if self._question is not None:
            self.post_message(self.Answered(self, self._question.token, Answer.NO))
        text = (Piece(question, Tone.STRONG),) if isinstance(question, str) else question
        self._question = Question(token, text, number, other)
        self._take_focus()

    def decline(self) -> None:
        """Take the question away; it counts as declined."""
        if self._question is not None:
            self._decide(self._question, Answer.NO)

    @property
    def is_typing(self) -> bool:
        """True while it wants all keys."""
        return self.is_asking or self.is_prompting

    def paste(self, text: str) -> None:
        """Pasted text goes into a prompt; it never answers a question."""
        if self._question is None and self._prompt is not None:
            self._edit(self._prompt, replace(self._prompt, line=self._prompt.line.insert(text)))

    def on_blur(self) -> None:
        """The focus went elsewhere: a question counts as declined, a prompt as left.

        Not so when the terminal itself lost the focus: it comes back, and with it the dock's.
        """
        app: App[object] = self.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not app.app_focus:
            return
        self._focus_before = None
        self.decline()
        if self._prompt is not None:
            self._dismiss(self._prompt)

    def content(self, width: int) -> Strip:
        """The line."""
        says = self._says(width)
        room = width - sum(cell_len(piece.text) for piece in says.right)
        left = says.left if self.is_prompting else shortened(says.left, room, self._glyphs.ellipsis)
        return self.compose_ends(left, says.right, width)

    def _says(self, width: int) -> TwoEnds:
        if self._question is not None:
            return question_line(self._question, self._glyphs, width)
        if self._prompt is not None:
            return prompt_line(self._prompt, width)
        if self._note is not None:
            return note_line(self._note)
        return hint_line(self._hints, self._glyphs, width, is_ascii=self._is_ascii)

    def press(self, key: str, char: str | None) -> bool:
        """Keys belong to the question, else to the prompt; what these don't know goes on to the app."""
        if self._question is not None:
            self._answer(self._question, key, char)
            return key != _LEAVING
        return self._prompt is not None and self._type(self._prompt, key, char)

    def _answer(self, question: Question, key: str, char: str | None) -> None:
        said = question.press(key, char)
        if isinstance(said, Question):
            self._question = said
            self.changed()
        else:
            self._decide(question, said)

    def _decide(self, question: Question, said: Answer) -> None:
        self._question = None
        self.post_message(self.Answered(self, question.token, said))
        self._give_focus_back()

    def _type(self, prompt: Prompt, key: str, char: str | None) -> bool:
        if key == "enter":
            self.post_message(self.PromptAccepted(self, prompt.kind, prompt.line.text))
            self.close_prompt()
        elif key == "escape" or (key == "backspace" and not prompt.line.text):
            self._dismiss(prompt)
        else:
            typed = prompt.press(key, char)
            if typed is None:
                return False
            self._edit(prompt, typed)
        return True

    def _edit(self, before: Prompt, prompt: Prompt) -> None:
        self._prompt = prompt
        self.changed()
        if prompt.line.text != before.line.text:
            self.post_message(self.PromptChanged(self, prompt.kind, prompt.line.text))

    def _dismiss(self, prompt: Prompt) -> None:
        self._prompt = None
        self.post_message(self.PromptDismissed(self, prompt.kind))
        self._give_focus_back()

    def _take_focus(self) -> None:
        if self.screen.focused is not self:
            self._focus_before = self.screen.focused
            self.screen.set_focus(self, scroll_visible=False)
        self.changed()

    def _give_focus_back(self) -> None:
        self.changed()
        if self._question is None and self._prompt is None and self.screen.focused is self:
            before, self._focus_before = self._focus_before, None
            self.screen.set_focus(before, scroll_visible=False)
