"""A line of text being typed: the text, where the cursor stands, and what each key does to them. Pure."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class EditedLine(Struct, frozen=True):
    """A text with a cursor in it."""

    text: str = ""
    cursor: int = 0
    """Characters before the cursor, 0 to ``len(text)``."""

    def insert(self, piece: str) -> EditedLine:
        """The line with a piece written at the cursor; control characters of a paste become spaces."""
        clean = "".join(char if char.isprintable() else " " for char in piece)
        text = self.text[: self.cursor] + clean + self.text[self.cursor :]
        return EditedLine(text, self.cursor + len(clean))

    def press(self, key: str) -> EditedLine | None:
        """The line after a key in Textual's name; None when the key isn't one for editing."""
        match key:
            case "backspace" | "ctrl+h":
                return self._cut(max(0, self.cursor - 1))
            case "delete":
                return replace(self, text=self.text[: self.cursor] + self.text[self.cursor + 1 :])
            case "ctrl+w":
                return self._cut(self._word_start())
            case "ctrl+u":
                return self._cut(0)
            case "left":
                return replace(self, cursor=max(0, self.cursor - 1))
            case "right":
                return replace(self, cursor=min(len(self.text), self.cursor + 1))
            case "home" | "end":
                return replace(self, cursor=0 if key == "home" else len(self.text))
            case _:
                return None

    def _cut(self, start: int) -> EditedLine:
        return EditedLine(self.text[:start] + self.text[self.cursor :], start)

    def _word_start(self) -> int:
        head = self.text[: self.cursor].rstrip()
        return head.rfind(" ") + 1
