"""The signs of the screen: one cell wide in every locale, the word always beside them, colour only repeats.

The ASCII set serves ``--ascii`` and every locale that is not UTF-8.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from batch_tui.domain.batch import Batch
from batch_tui.domain.groups import QUEUED
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.text.cells import Tone


class GlyphSet(Struct, frozen=True):
    """All signs of one character set."""

    validating: str
    in_progress: str
    finalizing: str
    completed: str
    with_failures: str
    """Completed, and at least one request failed."""
    failed: str
    expired: str
    cancelling: str
    cancelled: str
    unknown: str
    mark: str
    """Stands before a marked row."""
    cursor: str
    """Stands before the current entry where reverse video can't."""
    enter: str
    """The return key in hints."""
    up: str
    down: str
    """Sort directions."""
    ellipsis: str
    full: str
    """One full cell of a bar."""
    part: str
    """The cell of a bar that is not reached yet."""
    broken: str
    """The cell of a bar for requests that failed."""
    never_run: str
    """The cell of a bar for requests that never ran before the batch ended."""
    eighths: str
    """Cells filled by one to seven eighths; empty when the set has none."""
    spark: str
    """Heights of a sparkline, lowest first."""
    rule: str
    """A horizontal line."""
    heavy_rule: str
    """The same in the pane that has the focus."""
    separator: str
    """Between facts on one line."""
    running: str
    """Running batches in the window's title."""


UTF8 = GlyphSet(
    validating="◌",
    in_progress="◔",
    finalizing="◕",
    completed="✓",
    with_failures="!",
    failed="✗",
    expired="∅",
    cancelling="⊗",
    cancelled="⊘",
    unknown="?",
    mark="▪",
    cursor="▸",
    enter="⏎",
    up="↑",
    down="↓",
    ellipsis="…",
    full="█",
    part="░",
    broken="▒",
    never_run="·",
    eighths="▏▎▍▌▋▊▉",
    spark="▁▂▃▄▅▆▇█",
    rule="─",
    heavy_rule="━",
    separator="·",
    running="▶",
)
ASCII = GlyphSet(
    validating=".",
    in_progress=">",
    finalizing="}",
    completed="+",
    with_failures="!",
    failed="x",
    expired="~",
    cancelling="%",
    cancelled="-",
    unknown="?",
    mark="*",
    cursor=">",
    enter="Enter",
    up="^",
    down="v",
    ellipsis=".",
    full="#",
    part="-",
    broken="x",
    never_run=".",
    eighths="",
    spark="._-=+*%#",
    rule="-",
    heavy_rule="=",
    separator="|",
    running=">",
)


def glyphs(*, is_ascii: bool = False) -> GlyphSet:
    """The set for this terminal."""
    return ASCII if is_ascii else UTF8


class Sign(Struct, frozen=True):
    """How a batch's state is shown."""

    glyph: str
    """One cell."""
    word: str
    """The state in the API's word, or as the server sent it when nobody knows it."""
    tone: Tone


_TONES = {
    BatchStatus.VALIDATING: Tone.MUTED,
    BatchStatus.IN_PROGRESS: Tone.ACCENT,
    BatchStatus.FINALIZING: Tone.ACCENT,
    BatchStatus.COMPLETED: Tone.SUCCESS,
    BatchStatus.FAILED: Tone.ERROR,
    BatchStatus.EXPIRED: Tone.WARNING,
    BatchStatus.CANCELLING: Tone.WARNING,
    BatchStatus.CANCELLED: Tone.MUTED,
    BatchStatus.UNKNOWN: Tone.PLAIN,
}


@lru_cache(maxsize=256)
def status_sign(status: BatchStatus, *, raw: str = "", is_ascii: bool = False) -> Sign:
    """The sign of a bare state, as in the header's counts.

    Args:
        status: The state.
        raw: The server's word, shown for states nobody knows.
        is_ascii: Whether only ASCII may be drawn.
    """
    glyph = _glyph(status, glyphs(is_ascii=is_ascii))
    word = raw if status is BatchStatus.UNKNOWN and raw else status.value
    return Sign(glyph, word, _TONES[status])


def batch_sign(batch: Batch, *, is_ascii: bool = False) -> Sign:
    """The sign of a batch: a completed one with failures is a warning, one where all failed is an error."""
    if batch.status is BatchStatus.COMPLETED and batch.counts.failed > 0:
        failures = glyphs(is_ascii=is_ascii)
        if batch.is_total_loss:
            return Sign(failures.failed, batch.status.value, Tone.ERROR)
        return Sign(failures.with_failures, batch.status.value, Tone.WARNING)
    if batch.raw_status == QUEUED:
        return replace(status_sign(batch.status, is_ascii=is_ascii), word=QUEUED)
    return status_sign(batch.status, raw=batch.raw_status, is_ascii=is_ascii)


def _glyph(status: BatchStatus, chosen: GlyphSet) -> str:
    return {
        BatchStatus.VALIDATING: chosen.validating,
        BatchStatus.IN_PROGRESS: chosen.in_progress,
        BatchStatus.FINALIZING: chosen.finalizing,
        BatchStatus.COMPLETED: chosen.completed,
        BatchStatus.FAILED: chosen.failed,
        BatchStatus.EXPIRED: chosen.expired,
        BatchStatus.CANCELLING: chosen.cancelling,
        BatchStatus.CANCELLED: chosen.cancelled,
        BatchStatus.UNKNOWN: chosen.unknown,
    }[status]
