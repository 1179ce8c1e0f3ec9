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
from batch_tui.ui.widgets.table_painter import cut_inside

_LEAST_NAME = 8
"""Cells of a name in a question that has room for no more: its ends, which tell it from others."""


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


class Wordings(Struct, frozen=True):
    """One question in several lengths, for lines of several widths. Its strong piece is a name."""

    cells: tuple[Cell, ...]
    """From the one that tells everything to the one that tells only what nobody may miss."""


class Question(Struct, frozen=True):
    """Something to be confirmed."""

    token: str
    """What is confirmed."""
    text: Cell | Wordings
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
        return self.cells <= width

    @property
    def cells(self) -> int:
        """Cells of the whole line."""
        return sum(cell_len(piece.text) for piece in (*self.left, *self.right))


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


def question_line(question: Question, chosen: GlyphSet, width: int) -> TwoEnds:
    """What will happen, and how to say yes; in fewer words where the line is full."""
    text = question.text
    cells = text.cells if isinstance(text, Wordings) else (text,)
    short = _answer(question, chosen, is_short=True)
    says = [TwoEnds(cells[0], _answer(question, chosen)), *(TwoEnds(cell, short) for cell in cells)]
    if not isinstance(text, Wordings):
        return next((one for one in says if one.fits(width)), says[-1])
    least = TwoEnds(cells[-1], _answer(replace(question, other=None), chosen, is_short=True))
    found = next((one for one in (*says, least) if one.fits(width)), None)
    return found or TwoEnds(_with_less_name(least, width, chosen.ellipsis), least.right)


def _answer(question: Question, chosen: GlyphSet, *, is_short: bool = False) -> Cell:
    third: Cell = ()
    if question.other is not None:
        third = (Piece(f" {question.other[0]}", Tone.KEY), Piece(f" {question.other[1]} {chosen.separator}"))
    if question.number is None:
        return (
            *third,
            Piece(" y", Tone.KEY),
            Piece(" yes ", Tone.PLAIN),
            Piece(f"{chosen.separator} {'else' if is_short else 'any other key'} no ", Tone.MUTED),
        )
    return (
        *third,
        Piece(f" type {question.number} {chosen.enter} ", Tone.KEY),
        *edited(question.line, 8),
    )


def _with_less_name(says: TwoEnds, width: int, ellipsis: str) -> Cell:
    """What is asked, its name cut where names differ least: the rest is what nobody may miss."""
    excess = says.cells - width
    return tuple(
        piece
        if piece.tone is not Tone.STRONG
        else Piece(cut_inside(piece.text, max(_LEAST_NAME, cell_len(piece.text) - excess), ellipsis), piece.tone)
        for piece in says.left
    )


def edited(line: EditedLine, room: int) -> Cell:
    """The part of a typed line around its cursor, the cursor's place in reverse."""
    start = max(0, line.cursor - room + 1)
    before = line.text[start : line.cursor]
    under = line.text[line.cursor : line.cursor + 1] or " "
    after = line.text[line.cursor + 1 : start + room]
    return (Piece(before), Piece(under, Tone.CURSOR), Piece(after))
