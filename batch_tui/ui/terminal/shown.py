"""What the terminal shows by now: a picture is sent as what differs from it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from textual._compositor import (  # the two forms in which Textual hands a picture over
    ChopsUpdate,  # pyright: ignore[reportPrivateUsage]
    CompositorUpdate,  # pyright: ignore[reportPrivateUsage]
    LayoutUpdate,  # pyright: ignore[reportPrivateUsage]
)
from textual.geometry import Size
from textual.strip import Strip

_Piece = tuple[int, int, Strip]
"""A piece of a line: its line, its first column, what stands there."""


class ShownScreen:
    """The pieces of lines that were sent, each with its place.

    Textual draws the whole screen whenever the arrangement of its parts may be another one, four times in a
    start alone. A piece that says at the same place what it said before doesn't go over the line again.
    """

    def __init__(self) -> None:
        self._lines: dict[int, dict[int, tuple[int, str]]] = {}
        self._size = Size(0, 0)

    def forget(self) -> None:
        """Nobody knows what the terminal shows: everything is sent again with its next picture."""
        self._lines.clear()

    def differences(self, picture: RenderableType | None) -> RenderableType | None:
        """A picture that sends, once it is sent, only what the terminal doesn't show yet."""
        if isinstance(picture, LayoutUpdate | ChopsUpdate):
            return Differences(self, picture)
        if picture is not None:
            self.forget()
        return picture

    def sequences(self, picture: LayoutUpdate | ChopsUpdate, console: Console) -> str:
        """What is to be sent of a picture; it counts as shown from now on."""
        if isinstance(picture, LayoutUpdate):
            if picture.region.size != self._size:
                self.forget()
            self._size = picture.region.size
        sent: list[str] = []
        reached = (-1, -1)
        for y, x, strip in _pieces(picture):
            text = strip.render(console)
            if self._is_news(y, x, strip.cell_length, text):
                sent.append(text if reached == (y, x) else f"\x1b[{y + 1};{x + 1}H{text}")
                reached = (y, x + strip.cell_length)
        return "".join(sent)

    def _is_news(self, y: int, x: int, width: int, text: str) -> bool:
        """Note that a piece is sent; False when it stands there already."""
        line = self._lines.setdefault(y, {})
        if line.get(x) == (width, text):
            return False
        covered = [start for start, (length, _) in line.items() if start < x + width and x < start + length]
        for start in covered:
            del line[start]
        line[x] = (width, text)
        return True


class Differences(CompositorUpdate):
    """A picture of which only what is news is sent."""

    def __init__(self, shown: ShownScreen, picture: LayoutUpdate | ChopsUpdate) -> None:
        self._shown = shown
        self._picture = picture

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The picture itself, for who draws it elsewhere."""
        return self._picture.__rich_console__(console, options)

    def render_segments(self, console: Console) -> str:
        """The sequences to send."""
        return self._shown.sequences(self._picture, console)


def _pieces(picture: LayoutUpdate | ChopsUpdate) -> Iterator[_Piece]:
    return _whole(picture) if isinstance(picture, LayoutUpdate) else _parts(picture)


def _whole(picture: LayoutUpdate) -> Iterator[_Piece]:
    """The pieces of a picture of the whole screen."""
    for y, line in enumerate(picture.strips, picture.region.y):
        x = picture.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _parts(picture: ChopsUpdate) -> Iterator[_Piece]:
    """The pieces of a picture of some regions, each cut where its region ends."""
    for y, left, right in picture.spans:
        for end, (x, strip) in zip(picture.chop_ends[y], picture.chops[y].items(), strict=False):
            if strip is None or x >= right or end <= left:
                continue
            yield y, x, strip if end <= right else strip.crop(0, right - x)
