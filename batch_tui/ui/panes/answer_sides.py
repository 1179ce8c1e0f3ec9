"""One request looked into: the texts that stand side by side, of which one is read and searched."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from batch_tui.ui.text.lines import LineSource
from batch_tui.ui.widgets.viewer import Viewer


class AnswerSides(Container):
    """A conversation beside its raw answer; or a request over the answers it got before and after.

    Where the screen is narrow, the three stand one below the other: see ``cockpit.tcss``.

    Args:
        is_ascii: Whether only ASCII may be drawn.
    """

    DEFAULT_CSS = """
    AnswerSides { display: none; layout: horizontal; }
    AnswerSides Viewer { width: 1fr; }
    AnswerSides #request { display: none; }
    AnswerSides #response { border-left: vkey $panel-lighten-1; }
    AnswerSides.-three { layout: grid; grid-size: 2 2; grid-rows: 1fr 2fr; }
    AnswerSides.-three #request { display: block; column-span: 2; }
    """

    def __init__(self, *, is_ascii: bool = False) -> None:
        super().__init__(id="answer")
        self.request = Viewer(is_ascii=is_ascii, id="request")
        self.conversation = Viewer(is_ascii=is_ascii, id="conversation")
        self.response = Viewer(is_ascii=is_ascii, id="response")
        self.reader = self.conversation
        """The side that is read, and searched."""

    def compose(self) -> ComposeResult:
        """The sides, in reading order."""
        yield self.request
        yield self.conversation
        yield self.response

    def show(self, texts: Sequence[LineSource]) -> None:
        """Show two texts side by side, or three; the raw answer alone is not wrapped."""
        self.set_class(len(texts) > 2, "-three")
        self.reader = self.conversation
        for side, text in zip(self._sides, texts, strict=True):
            side.show(text)
            if not side.is_wrapped and (len(texts) > 2 or side is self.conversation):
                side.action_wrap()

    @on(Viewer.LineOpened)
    def _fold(self, event: Viewer.LineOpened) -> None:
        """Enter on an object or a list of the raw answer: put it on one line, or open it again."""
        from batch_tui.ui.text.folding import FoldedJson  # noqa: PLC0415 - not at the start

        event.stop()
        source = event.viewer.source
        line = source.toggle(event.line) if isinstance(source, FoldedJson) else None
        if line is not None:
            event.viewer.show(source, keep_place=True)
            event.viewer.go_to(line)

    def note_focus(self) -> None:
        """The focus came to one of them."""
        self.reader = next((side for side in self._sides if side.has_focus), self.reader)

    def step(self, count: int) -> bool:
        """To the next side, or (-1) the one before; False when there is none that way."""
        sides = self._sides
        place = sides.index(self.reader) + count
        if not 0 <= place < len(sides):
            return False
        self.reader = sides[place]
        return True

    def end_search(self) -> bool:
        """Forget what was looked for; False when nothing was found anyway."""
        had_any = bool(self.reader.matches.lines)
        if had_any:
            self.reader.search("")
        return had_any

    @property
    def _sides(self) -> tuple[Viewer, ...]:
        both = (self.conversation, self.response)
        return (self.request, *both) if self.has_class("-three") else both
