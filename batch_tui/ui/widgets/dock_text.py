"""What the docked line says, as pieces: hints, message, prompt, question. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace
from rich.cells import cell_len

from batch_tui.ui.commands.registry import Command, key_label
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import GlyphSet
from batch_tui.ui.widgets.line_editor import EditedLine


class Level(StrEnum):
    """How urgent a message is."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"

    @property
    def tone(self) -> Tone:
        """How it looks."""
        return {Level.WARN: Tone.WARNING, Level.ERROR: Tone.ERROR}.get(self, Tone.PLAIN)


class Note(Struct, frozen=True):
    """A message on the line."""

    text: str
    level: Level = Level.INFO
    until: float | None = None
    """When it goes, by the clock of the caller's ticks; None: when another comes or it is cleared."""

    def is_over(self, now: float, *, is_seen: bool) -> bool:
        """True when it may go: a warning waits for somebody who looks, and hides the hints no longer than that."""
        return self.until is not None and now >= self.until and (is_seen or self.level is Level.INFO)


class Prompt(Struct, frozen=True):
    """A line being typed."""

    kind: str
    """Whose prompt it is."""
    label: str
    line: EditedLine = field(default_factory=EditedLine)
    note: str = ""
    """Said on the right: how many match, or what can't be understood."""
    level: Level = Level.INFO

    def press(self, key: str, char: str | None) -> Prompt | None:
        """The prompt after a key; None when it isn't one for typing."""
        line = self.line.insert(char) if char else self.line.press(key)
        return None if line is None else replace(self, line=line)


class Answer(StrEnum):
    """What a key said to a question."""

    YES = "yes"
    NO = "no"
    OTHER = "other"
    """The third answer, where the question has one."""


class Question(Struct, frozen=True):
    """Something to be confirmed."""

    token: str
    """What is confirmed."""
    text: Cell
    number: int | None = None
    """The number to type before enter; None when the key ``y`` confirms."""
    other: tuple[str, str] | None = None
    """Letter and title of a third answer; None when there are two."""
    line: EditedLine = field(default_factory=EditedLine)

    def press(self, key: str, char: str | None) -> Question | Answer:
        """The answer a key gives, or the question with one more digit typed. All but the asked-for key says no."""
        if self.other is not None and char == self.other[0]:
            return Answer.OTHER
        if self.number is None:
            return Answer.YES if char == "y" else Answer.NO
        if char is not None and char.isdecimal():
            return replace(self, line=self.line.insert(char))
        if key == "backspace":
            return replace(self, line=self.line.press(key) or self.line)
        return Answer.YES if key == "enter" and self.line.text == str(self.number) else Answer.NO


class TwoEnds(Struct, frozen=True):
    """A line with a left part, clipped where it must be, and a right part that stays whole."""

    left: Cell
    right: Cell = ()

    def fits(self, width: int) -> bool:
        """True when nothing must be clipped."""
        return sum(cell_len(piece.text) for piece in (*self.left, *self.right)) <= width


def hint_line(commands: Iterable[Command], chosen: GlyphSet, width: int, *, is_ascii: bool) -> TwoEnds:
    """Keys and the word for each, as many as fit: ``⏎ Open / Filter spc Mark``."""
    pieces: list[Piece] = []
    room = width
    for command in commands:
        label = key_label(command.keys[0], enter=chosen.enter, is_ascii=is_ascii)
        word = f" {command.hint_title or command.title} "
        room -= cell_len(label) + cell_len(word)
        if room < -1:  # the blank behind the last word may hang over
            break
        pieces += (Piece(label, Tone.KEY), Piece(word, Tone.MUTED))
    return TwoEnds(tuple(pieces))


def note_line(note: Note) -> TwoEnds:
    """The message."""
    return TwoEnds((Piece(note.text, note.level.tone),))


def prompt_line(prompt: Prompt, width: int) -> TwoEnds:
    """The label, the text with its cursor in sight, and the remark on the right."""
    remark: Cell = (Piece(f" {prompt.note}", prompt.level.tone if prompt.note else Tone.MUTED),)
    room = max(4, width - len(prompt.label) - len(prompt.note) - 2)
    return TwoEnds((Piece(prompt.label, Tone.KEY), *edited(prompt.line, room)), remark if prompt.note else ())


def question_line(question: Question, chosen: GlyphSet, *, is_short: bool = False) -> TwoEnds:
    """What will happen, and how to say yes; in fewer words where the line is full."""
    third: Cell = ()
    if question.other is not None:
        third = (Piece(f" {question.other[0]}", Tone.KEY), Piece(f" {question.other[1]} {chosen.separator}"))
    if question.number is None:
        answer: Cell = (
            *third,
            Piece(" y", Tone.KEY),
            Piece(" yes ", Tone.PLAIN),
            Piece(f"{chosen.separator} {'else' if is_short else 'any other key'} no ", Tone.MUTED),
        )
        return TwoEnds(question.text, answer)
    answer = (
        *third,
        Piece(f" type {question.number} {chosen.enter} ", Tone.KEY),
        *edited(question.line, 8),
    )
    return TwoEnds(question.text, answer)


def edited(line: EditedLine, room: int) -> Cell:
    """The part of a typed line around its cursor, the cursor's place in reverse."""
    start = max(0, line.cursor - room + 1)
    before = line.text[start : line.cursor]
    under = line.text[line.cursor : line.cursor + 1] or " "
    after = line.text[line.cursor + 1 : start + room]
    return (Piece(before), Piece(under, Tone.CURSOR), Piece(after))
