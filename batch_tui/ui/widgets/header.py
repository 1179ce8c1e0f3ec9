"""The header line: profile, batches by state, requests under way, money, and how fresh all of it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from msgspec import Struct
from textual.app import ComposeResult
from textual.strip import Strip

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.text.cells import Cell, Piece, Tone, cell_text
from batch_tui.ui.text.glyphs import batch_sign, glyphs, status_sign
from batch_tui.ui.widgets.lines import LineWidget

_ORDER = (
    BatchStatus.IN_PROGRESS,
    BatchStatus.VALIDATING,
    BatchStatus.FINALIZING,
    BatchStatus.CANCELLING,
    BatchStatus.COMPLETED,
    BatchStatus.UNKNOWN,
    BatchStatus.FAILED,
    BatchStatus.EXPIRED,
    BatchStatus.CANCELLED,
)

_GAP = "  "
_STEP = 8
"""Cells by which freshness gets more room: another second doesn't move the line."""


class Counts(Struct, frozen=True):
    """What the account holds, in one line's worth of numbers."""

    by_glyph: tuple[tuple[str, Tone, int], ...] = ()
    """Sign, its meaning, and how many batches show it; only those that are there."""
    active: int = 0
    """Batches that may still change."""
    troubled: int = 0
    """Batches that failed, or ended without one success."""
    done: int = 0
    """Requests that ended, over the active batches."""
    total: int = 0
    """Requests of the active batches."""


class HeaderFacts(Struct, frozen=True):
    """All the header shows."""

    profile: str
    counts: Counts = Counts()
    money: str = ""
    """Money today, already written out; empty when nobody knows."""
    condition: str = "loading…"
    """``live 5s``, ``PAUSED``, ``stale 43s``, ``offline, retry 8s``."""
    tone: Tone = Tone.MUTED
    """What the condition means."""
    as_of: str = ""
    """When it was last so, as ``18:22``: at a change, or when the user asked; a still screen sends nothing."""


class _Share(Struct, frozen=True):
    """What one batch adds to the counts."""

    sign: tuple[str, Tone]
    is_active: bool
    is_troubled: bool
    done: int
    total: int


_shared = lru_cache(maxsize=4096)(_Share)
"""One for all batches that add the same, as nearly all that ended do: a collection has few of them to look at."""


class Tally:
    """Counts batches by the sign they show. A change costs as much as what changed, however many there are.

    Args:
        is_ascii: Whether only ASCII may be drawn.
    """

    def __init__(self, *, is_ascii: bool = False) -> None:
        self._is_ascii = is_ascii
        self._shares: dict[str, _Share] = {}
        self._signs: Counter[tuple[str, Tone]] = Counter()
        self._active = self._troubled = self._done = self._total = 0

    def put(self, batch: Batch) -> None:
        """A batch is new, or something else now."""
        self.drop(batch.id)
        share = self._share(batch)
        self._shares[batch.id] = share
        self._add(share, 1)

    def drop(self, batch_id: str) -> None:
        """A batch is gone."""
        share = self._shares.pop(batch_id, None)
        if share is not None:
            self._add(share, -1)

    @property
    def counts(self) -> Counts:
        """As they stand."""
        signs = self._signs
        order = _signs(self._is_ascii)
        by_glyph = tuple((glyph, tone, signs[glyph, tone]) for glyph, tone in order if signs[glyph, tone])
        return Counts(by_glyph, self._active, self._troubled, self._done, self._total)

    def _share(self, batch: Batch) -> _Share:
        sign = batch_sign(batch, is_ascii=self._is_ascii)
        is_active = not batch.is_terminal
        return _shared(
            (sign.glyph, sign.tone),
            is_active,
            batch.status is BatchStatus.FAILED or batch.is_total_loss,
            batch.counts.done if is_active else 0,
            max(0, batch.counts.total) if is_active else 0,
        )

    def _add(self, share: _Share, times: int) -> None:
        self._signs[share.sign] += times
        self._active += times * share.is_active
        self._troubled += times * share.is_troubled
        self._done += times * share.done
        self._total += times * share.total


def count(batches: Iterable[Batch], *, is_ascii: bool = False) -> Counts:
    """Count batches by the sign they show."""
    tally = Tally(is_ascii=is_ascii)
    for batch in batches:
        tally.put(batch)
    return tally.counts


def _signs(is_ascii: bool) -> list[tuple[str, Tone]]:  # noqa: FBT001 - private
    found = glyphs(is_ascii=is_ascii)
    shown: list[tuple[str, Tone]] = []
    for status in _ORDER:
        sign = status_sign(status, is_ascii=is_ascii)
        shown.append((sign.glyph, sign.tone))
        if status is BatchStatus.COMPLETED:
            shown.append((found.with_failures, Tone.WARNING))
    return shown


class HeaderPieces(Struct, frozen=True):
    """What the header says, in the three parts that change apart from each other."""

    account: Cell
    """Profile, and batches by state."""
    progress: Cell
    """Requests under way, and money."""
    freshness: Cell
    """How fresh all of it is, and when something last changed."""


def header_pieces(facts: HeaderFacts, width: int = 1_000) -> HeaderPieces:
    """The parts of the header; what is least wanted is left out where there is no room.

    Args:
        facts: What there is to say.
        width: Cells for all of them.
    """
    freshness: Cell = (Piece(facts.condition, facts.tone), *_clock(facts), Piece(" "))
    account = _account(facts, width - _in_steps(_width(freshness)))
    room = width - _width(account) - _width(freshness)
    progress: list[Piece] = []
    for extra in _extras(facts):
        room -= len(extra.text)
        if room >= 0:
            progress.append(extra)
    return HeaderPieces(tuple(account), tuple(progress), freshness)


def _account(facts: HeaderFacts, room: int) -> list[Piece]:
    """The profile, and batches by state, whole: half a number is another one."""
    counts = [
        (Piece(glyph, tone), Piece(f" {formatting.amount(number)}{_GAP}", Tone.PLAIN))
        for glyph, tone, number in facts.counts.by_glyph
    ]
    heads = [[Piece(" batch-tui", Tone.STRONG)], [Piece(f"{_GAP}{facts.profile}{_GAP}", Tone.PLAIN)]]
    for first in range(len(heads) + 1):
        account = [piece for part in (*heads[first:], *counts) for piece in part]
        if _width(account) - len(_GAP) <= room:
            return account
    fitting = next(end for end in range(len(counts), -1, -1) if _width(chain(*counts[:end])) < room or not end)
    return [*chain(*counts[:fitting]), Piece("…", Tone.MUTED)]


def _in_steps(width: int) -> int:
    """The room that freshness gets: it grows in steps, or each other digit would move the rest."""
    return -(-width // _STEP) * _STEP


def _clock(facts: HeaderFacts) -> Cell:
    return (Piece(f"  {facts.as_of}", Tone.MUTED),) if facts.as_of else ()


def _extras(facts: HeaderFacts) -> list[Piece]:
    extras: list[Piece] = []
    if facts.counts.total:
        share = f"{formatting.amount(facts.counts.done)}/{formatting.amount(facts.counts.total)}"
        extras.append(Piece(f"{share}  ", Tone.MUTED))
    if facts.money:
        extras.append(Piece(f"{facts.money} today  ", Tone.MUTED))
    return extras


def _width(pieces: Iterable[Piece]) -> int:
    return sum(len(piece.text) for piece in pieces)


class HeaderPart(LineWidget):
    """A part of the header that changes apart from the others, and is sent without them."""

    DEFAULT_CSS = """
    HeaderPart { height: 1; width: 1fr; background: $panel; }
    """

    def __init__(self, *, is_right: bool = False) -> None:
        super().__init__()
        self._is_right = is_right
        self._pieces: Cell = ()

    def say(self, pieces: Cell) -> None:
        """Show something else."""
        self._pieces = pieces
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """The part, at its end of the room."""
        del y
        before = max(0, width - _width(self._pieces)) if self._is_right else 0
        return self.compose_line((Piece(" " * before), *self._pieces), width)


class HeaderLine(LineWidget):
    """The first line of the screen. It draws the account itself; progress and freshness lie over it."""

    DEFAULT_CSS = """
    HeaderLine { height: 1; width: 100%; layout: horizontal; background: $panel; }
    """

    def __init__(self, facts: HeaderFacts) -> None:
        super().__init__(id="header")
        self._facts = facts
        self._shares = (0, 0)
        self._progress = HeaderPart()
        self._freshness = HeaderPart(is_right=True)

    def compose(self) -> ComposeResult:
        """The parts over it."""
        yield self._progress
        yield self._freshness

    @property
    def facts(self) -> HeaderFacts:
        """What it shows now."""
        return self._facts

    @property
    def text(self) -> str:
        """The whole line, as it is to be read."""
        pieces = header_pieces(self._facts, self.size.width)
        return "".join(map(cell_text, (pieces.account, pieces.progress, pieces.freshness)))

    def show(self, facts: HeaderFacts) -> None:
        """Show other facts; what looks the same is not sent."""
        self._facts = facts
        self._arrange(self.size.width)
        self.repaint()

    def on_mount(self) -> None:
        """Divide the line before it is drawn for the first time."""
        self._arrange(self.screen.size.width or self.app.size.width)  # pyright: ignore[reportUnknownMemberType]

    def on_resize(self) -> None:
        """Another width."""
        self._arrange(self.size.width)
        super().on_resize()

    def draw(self, y: int, width: int) -> Strip:
        """The account."""
        del y
        return self.compose_line(header_pieces(self._facts, width).account, width)

    def _arrange(self, width: int) -> None:
        """Give each part its place: freshness always whole, the others as far as they fit."""
        if not width or not self.is_mounted:
            return
        pieces = header_pieces(self._facts, width)
        tail = min(width, _in_steps(_width(pieces.freshness)))
        shares = (min(_width(pieces.account), width - tail), tail)
        if shares != self._shares:
            self._shares = shares
            self._progress.styles.margin = (0, 0, 0, shares[0])
            self._freshness.styles.width = tail
        self._progress.say(pieces.progress)
        self._freshness.say(pieces.freshness)
