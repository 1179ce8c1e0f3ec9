"""The workspace as rows: a tree whose folders open, request files first. Scanning blocks: run it in a thread."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from batch_tui.domain import formatting
from batch_tui.domain.problems import Report
from batch_tui.ui.panes.verdict import damage
from batch_tui.ui.text.cells import Cell, Piece, Tone, cell
from batch_tui.ui.text.glyphs import GlyphSet
from batch_tui.ui.widgets.fitting import Column

REQUEST_SUFFIXES = frozenset({".jsonl", ".ndjson"})
"""How files that may hold requests are called."""
LOCAL_COLUMNS = (
    Column("verdict", "", 1, is_pinned=True),
    Column("name", "file", 12, is_flexible=True, is_pinned=True, is_cut_inside=True),
    Column("requests", "reqs", 5, align="right", priority=1),
    Column("size", "size", 6, align="right"),
)
_MOST = 5_000
"""Entries shown of one folder."""


class Entry(Struct, frozen=True):
    """One file or folder in sight."""

    path: Path
    depth: int
    is_folder: bool
    size: int
    changed: int
    """When it changed, in nanoseconds: tells whether a verdict is still about it."""
    is_way_up: bool = False
    """It's the folder above the one that is shown."""

    @property
    def id(self) -> str:
        """The row's id."""
        return str(self.path)

    @property
    def is_request_file(self) -> bool:
        """True when its name says that it may hold requests."""
        return not self.is_folder and self.path.suffix in REQUEST_SUFFIXES


def scan(root: Path, opened: frozenset[Path], *, has_way_up: bool = False) -> tuple[Entry, ...]:
    """The entries of a folder and of its opened folders; what can't be read is left out."""
    found: list[Entry] = []
    if has_way_up:
        found.append(Entry(root.parent, 0, is_folder=True, size=0, changed=0, is_way_up=True))
    _add(root, 0, opened, found)
    return tuple(found)


def local_cells(
    entry: Entry, report: Report | None, signs: GlyphSet, *, is_open: bool = False
) -> tuple[Cell, ...]:
    """The cells of a row, one for each column."""
    indent = "  " * entry.depth
    if entry.is_way_up:
        return ((), cell("../", Tone.ACCENT), (), ())
    if entry.is_folder:
        fold = "-" if is_open else "+"
        return ((), (Piece(f"{indent}{fold} {entry.path.name}/", Tone.ACCENT),), (), ())
    tone = Tone.PLAIN if entry.is_request_file else Tone.MUTED
    return (
        verdict_sign(report, signs),
        (Piece(indent + entry.path.name, tone), *_damage(report, signs)),
        cell(formatting.amount(report.requests), Tone.MUTED) if report is not None else (),
        cell(formatting.size(entry.size), Tone.MUTED),
    )


def verdict_sign(report: Report | None, signs: GlyphSet) -> Cell:
    """The verdict in one cell; empty while there is none."""
    if report is None:
        return ()
    if report.is_valid:
        return cell(signs.completed, Tone.SUCCESS)
    if report.wants_wrapping:
        return cell(signs.with_failures, Tone.WARNING)
    if report.holds_results:
        return cell(signs.separator, Tone.MUTED)
    return cell(signs.failed, Tone.ERROR)


def _damage(report: Report | None, signs: GlyphSet) -> Cell:
    """What is wrong, behind the name: ``! 3 bad lines``; of results, that they are."""
    if report is None or report.is_valid or report.wants_wrapping:
        return ()
    if report.holds_results:
        return (Piece("  results", Tone.MUTED),)
    return (Piece(f"  {signs.with_failures} {damage(report)}", Tone.ERROR),)


def local_footnote(entries: tuple[Entry, ...]) -> str:
    """What to do where there is nothing to submit, with commands for their keys; empty where there is."""
    if any(entry.is_request_file for entry in entries):
        return ""
    return (
        "No .jsonl file in this folder. Put one here (one request per line), or start batch-tui where "
        "yours are; ⟦open⟧ opens a folder, ⟦refresh⟧ looks again."
    )


def _add(folder: Path, depth: int, opened: frozenset[Path], found: list[Entry]) -> None:
    for entry in _listing(folder, depth):
        found.append(entry)
        if entry.is_folder and entry.path in opened:
            _add(entry.path, depth + 1, opened, found)


def _listing(folder: Path, depth: int) -> list[Entry]:
    entries: list[Entry] = []
    try:
        with os.scandir(folder) as listing:
            for item in listing:
                if item.name.startswith(".") or len(entries) >= _MOST:
                    continue
                entry = _entry(item, depth)
                if entry is not None:
                    entries.append(entry)
    except OSError:
        return []
    return sorted(entries, key=_order)


def _entry(item: os.DirEntry[str], depth: int) -> Entry | None:
    try:
        facts = item.stat()
        is_folder = item.is_dir()
    except OSError:
        return None
    return Entry(Path(item.path), depth, is_folder, facts.st_size, facts.st_mtime_ns)


def _order(entry: Entry) -> tuple[int, str]:
    kind = 0 if entry.is_request_file else 1 if entry.is_folder else 2
    return kind, entry.path.name.casefold()
