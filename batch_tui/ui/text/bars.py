"""Bars and sparklines as text. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from batch_tui.domain.batch import Batch
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.text.cells import EMPTY_CELL, Cell, Piece, Tone
from batch_tui.ui.text.glyphs import GlyphSet


def progress_bar(batch: Batch, width: int, chosen: GlyphSet, *, has_red: bool = True) -> Cell:
    """The four parts of a batch's requests: completed, failed, and what remains or never ran.

    Counts that make no sense (negative, more than the total) are clamped; a failure is always seen, and the bar
    is full only when nothing is left.

    Args:
        batch: The batch.
        width: Cells, at least 1.
        chosen: The character set.
        has_red: Failures in the colour of errors. Without it the bar has one colour, that of the outcome, and a
            row of a table costs 50 bytes less.
    """
    rest = chosen.never_run if batch.is_terminal else chosen.part
    tone = _tone(batch) if has_red else _outcome_tone(batch)
    counts = batch.counts
    total = max(counts.total, counts.done)
    if total <= 0 or width < 1:
        return (Piece(rest * max(0, width), tone),)
    failed = _failed_cells(max(0, counts.failed), total, width)
    completed = max(0, counts.completed) * (width - failed) * 8 // max(1, total - max(0, counts.failed))
    full, eighth = divmod(completed, 8)
    body = chosen.full * full
    if eighth and chosen.eighths and not failed:
        body += chosen.eighths[eighth - 1]
    tail = rest * (width - failed - len(body))
    pieces = (Piece(body, tone), Piece(chosen.broken * failed, Tone.ERROR if has_red else tone), Piece(tail, tone))
    return tuple(piece for piece in pieces if piece.text)


def share_bar(share: float, width: int, chosen: GlyphSet) -> str:
    """A plain bar for a share of 0.0 to 1.0; full only when nothing is left."""
    full, eighth = divmod(int(max(0.0, min(1.0, share)) * width * 8), 8)
    body = chosen.full * full
    if eighth and chosen.eighths:
        body += chosen.eighths[eighth - 1]
    return body + chosen.part * (width - len(body))


def sparkline(values: Sequence[float], width: int, chosen: GlyphSet) -> str:
    """The latest values as heights, 0 at the lowest; empty without values."""
    shown = [value if isfinite(value) and value > 0 else 0.0 for value in values[-width:]] if width > 0 else []
    top = max(shown, default=0.0)
    steps = len(chosen.spark) - 1
    return "".join(chosen.spark[round(value / top * steps) if top else 0] for value in shown)


def legend(batch: Batch, chosen: GlyphSet) -> Cell:
    """The four numbers beside the bar's signs: ``█ 1,188 completed ▒ 12 failed``."""
    counts = batch.counts
    rest = "never ran" if batch.is_terminal else "remaining"
    parts = (
        (chosen.full, counts.completed, "completed", _tone(batch)),
        (chosen.broken, counts.failed, "failed", Tone.ERROR),
        (chosen.never_run if batch.is_terminal else chosen.part, counts.unfinished, rest, Tone.MUTED),
    )
    pieces: list[Piece] = []
    for sign, count, word, tone in parts:
        if count or word == "completed":
            pieces += (Piece(f"{sign} ", tone), Piece(f"{count:,} {word}  "))
    return tuple(pieces) or EMPTY_CELL


def _failed_cells(failed: int, total: int, width: int) -> int:
    if not failed:
        return 0
    return min(width, max(1, round(failed * width / total)))


def _tone(batch: Batch) -> Tone:
    if batch.status is BatchStatus.COMPLETED:
        return Tone.SUCCESS
    return Tone.MUTED if batch.is_terminal else Tone.ACCENT


def _outcome_tone(batch: Batch) -> Tone:
    """The tone of a whole bar: a batch that completed without one good answer is not green."""
    if batch.is_total_loss:
        return Tone.ERROR
    return Tone.WARNING if batch.status is BatchStatus.COMPLETED and batch.has_failures else _tone(batch)
