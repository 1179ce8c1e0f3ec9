"""The columns of Batches: what a batch says in each, in which order they go when the screen is narrow. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, structs

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.pace import NO_PACE, Pace
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.ui.text.bars import progress_bar
from batch_tui.ui.text.cells import Cell, Tone, cell
from batch_tui.ui.text.glyphs import batch_sign, glyphs
from batch_tui.ui.widgets.fitting import Column

ALARM = "!!"
"""Stands before the name of a batch that breaks a rule of the guard."""
_BAR = 8
_LONGEST_NAME = 48
"""Cells from which on a name only pushes away what belongs to it."""
_SOON = 3600
"""Seconds before a window of a day closes from which the time left is a warning."""
_MINUTE, _HOUR = 60, 3600


class BatchFacts(Struct, frozen=True):
    """A batch with what is known about it beyond the service's words."""

    batch: Batch
    pace: Pace = NO_PACE
    cost: Decimal | None = None
    """US dollars so far (ended: in all), or None when no price is known."""
    is_cancelling: bool = False
    """A cancellation was sent and isn't confirmed yet."""
    is_gone: bool = False
    """The service doesn't know it any more."""
    is_alarmed: bool = False
    """A guard's rule holds: it fails too much, costs too much, or stands still."""
    title: str = ""
    """Stands in place of its name, for a group of parts or one of them; empty for its name."""


def group_facts(whole: Batch, parts: Sequence[BatchFacts]) -> BatchFacts:
    """What is known about a group, from what is known about its parts and retries.

    Args:
        whole: The group as if it were one batch.
        parts: Of each of its batches.
    """
    costs = [part.cost for part in parts if part.cost is not None]
    rates = [part.pace.per_minute for part in parts if part.pace.per_minute is not None]
    return BatchFacts(
        whole,
        pace=replace(NO_PACE, per_minute=sum(rates) if rates and not whole.is_terminal else None),
        cost=sum(costs, Decimal()) if costs else None,
        is_cancelling=any(part.is_cancelling for part in parts),
        is_alarmed=any(part.is_alarmed for part in parts),
    )


class View(Struct, frozen=True):
    """How facts are written now."""

    now: float
    """Unix seconds by the server's clock."""
    is_ascii: bool = False
    is_absolute: bool = False
    """Clock times instead of ages."""


COLUMNS: tuple[Column, ...] = (
    Column("glyph", "", 1, is_pinned=True),
    Column("name", "name", 12, is_flexible=True, is_pinned=True, is_cut_inside=True, most=_LONGEST_NAME),
    Column("status", "status", 11),
    Column("progress", "progress", _BAR, priority=60),
    Column("percent", "%", 4, "right", priority=15, instead_of="progress"),
    Column("total", "done/total", 13, "right", priority=20),
    Column("fail", "fail", 6, "right", priority=30),
    Column("age", "age", 7, "right", priority=40),
    Column("left", "left", 6, "right", priority=70),
    Column("cost", "cost", 8, "right", priority=80),
    Column("model", "model", 16, priority=90, is_flexible=True),
    Column("rate", "rate", 8, "right", priority=92),
    Column("endpoint", "endpoint", 20, priority=94),
    Column("id", "id", 24, priority=96),
)
CLOCK_TITLES = {"age": "created", "left": "ends"}
"""What the columns of ages are called while they tell clock times."""
DEFAULT_COLUMNS = ("name", "status", "progress", "total", "fail", "age", "left", "cost", "model")


_OTHER_NAMES = {"done": "total", "done/total": "total", "failed": "fail", "%": "percent"}
"""What users call a column too."""


def read_columns(chosen: Sequence[str], path: Path) -> tuple[str, ...]:
    """The columns a configuration names, by their ids.

    Raises:
        ConfigurationError: There is no such column; names the file and, where it can, the line.
    """
    known = [column.id for column in COLUMNS if column.title]
    wanted = [_OTHER_NAMES.get(name, name) for name in chosen]
    unknown = next((name for name in wanted if name not in known), None)
    if unknown is not None:
        raise ConfigurationError(
            printable(f"{_place(path)}: there is no column {unknown!r}; choose from {', '.join(known)}.")
        )
    return tuple(wanted)


def _place(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return str(path)
    numbers = [number for number, line in enumerate(lines, 1) if line.split("=")[0].strip() == "columns"]
    return f"{path}:{numbers[0]}" if numbers else str(path)


def batch_columns(chosen: Sequence[str] = DEFAULT_COLUMNS) -> tuple[Column, ...]:
    """The columns a user chose, in that order; sign and name are always there, unknown names are left out."""
    known = {column.id: column for column in COLUMNS}
    if "percent" in chosen:
        known["percent"] = structs.replace(known["percent"], instead_of=None)
    ids = ["glyph", *(["name"] if "name" not in chosen else []), *chosen]
    if "progress" in ids and "percent" not in ids:
        ids.insert(ids.index("progress") + 1, "percent")
    return tuple(known[column_id] for column_id in dict.fromkeys(ids) if column_id in known)


def batch_cells(facts: BatchFacts, columns: Sequence[Column], view: View) -> tuple[Cell, ...]:
    """What stands in each column."""
    return tuple(_WRITERS[column.id](facts, view) for column in columns)


def age(seconds: float | None) -> str:
    """A span that changes once a minute after the first: ``12s``, ``0h09m``, ``3h12m``, ``2d04h``."""
    if seconds is not None and _MINUTE <= seconds < _HOUR:
        return f"0h{int(seconds) // _MINUTE:02d}m"
    return formatting.duration(None if seconds is None else max(0.0, seconds))


def _glyph(facts: BatchFacts, view: View) -> Cell:
    sign = batch_sign(facts.batch, is_ascii=view.is_ascii)
    if facts.is_cancelling and not facts.batch.is_terminal:
        return cell(glyphs(is_ascii=view.is_ascii).cancelling, Tone.WARNING)
    return cell(sign.glyph, sign.tone)


def _name(facts: BatchFacts, _view: View) -> Cell:
    name = printable(facts.title or facts.batch.name, 256)
    if facts.is_alarmed:
        return cell(f"{ALARM} {name}", Tone.ERROR)
    return cell(name, Tone.MUTED if facts.is_gone else Tone.PLAIN)


def _status(facts: BatchFacts, view: View) -> Cell:
    if facts.is_gone:
        return cell("gone", Tone.MUTED)
    if facts.is_cancelling and not facts.batch.is_terminal and facts.batch.status is not BatchStatus.CANCELLING:
        return cell("cancelling" + glyphs(is_ascii=view.is_ascii).ellipsis)
    return cell(printable(batch_sign(facts.batch, is_ascii=view.is_ascii).word, 64))


def _progress(facts: BatchFacts, view: View) -> Cell:
    return progress_bar(facts.batch, _BAR, glyphs(is_ascii=view.is_ascii), has_red=False)


def _percent(facts: BatchFacts, _view: View) -> Cell:
    return cell(
        formatting.percent(facts.batch.counts.fraction) if facts.batch.counts.total > 0 else formatting.UNKNOWN
    )


def _total(facts: BatchFacts, _view: View) -> Cell:
    counts = facts.batch.counts
    done = counts.completed + counts.failed
    return cell(f"{formatting.amount(done)}/{formatting.amount(counts.total)}")


def _fail(facts: BatchFacts, _view: View) -> Cell:
    failed = facts.batch.counts.failed
    return cell(formatting.amount(failed), Tone.ERROR if failed > 0 else Tone.PLAIN)


def _age(facts: BatchFacts, view: View) -> Cell:
    created = facts.batch.times.created
    if view.is_absolute:
        return cell(formatting.narrow_day(created, view.now))
    return cell(age(None if created is None else view.now - created))


def _left(facts: BatchFacts, view: View) -> Cell:
    batch = facts.batch
    if batch.is_terminal:
        return cell("done" if batch.status is BatchStatus.COMPLETED else formatting.UNKNOWN)
    expires = batch.times.expires
    if expires is None:
        return cell(formatting.UNKNOWN)
    left = max(0.0, expires - view.now)
    text = formatting.narrow_day(expires, view.now) if view.is_absolute else age(left)
    return cell(text, Tone.WARNING if left < batch.times.notice(_SOON) else Tone.PLAIN)


def _cost(facts: BatchFacts, _view: View) -> Cell:
    return cell(formatting.UNKNOWN if facts.cost is None else formatting.money(facts.cost))


def _model(facts: BatchFacts, _view: View) -> Cell:
    return cell(printable(facts.batch.model or formatting.UNKNOWN, 128))


def _rate(facts: BatchFacts, _view: View) -> Cell:
    return cell(formatting.rate(facts.pace.per_minute))


def _endpoint(facts: BatchFacts, _view: View) -> Cell:
    return cell(printable(facts.batch.endpoint or formatting.UNKNOWN, 128))


def _id(facts: BatchFacts, _view: View) -> Cell:
    return cell(printable(facts.batch.id, 128), Tone.MUTED)


_WRITERS: Mapping[str, Callable[[BatchFacts, View], Cell]] = {
    "glyph": _glyph,
    "name": _name,
    "status": _status,
    "progress": _progress,
    "percent": _percent,
    "total": _total,
    "fail": _fail,
    "age": _age,
    "left": _left,
    "cost": _cost,
    "model": _model,
    "rate": _rate,
    "endpoint": _endpoint,
    "id": _id,
}
