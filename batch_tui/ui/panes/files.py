"""Files: the workspace with the verdict on each file, and the files at the service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from batch_tui.domain import formatting
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.problems import Report
from batch_tui.ui.asking import asking
from batch_tui.ui.cells import Cell, Piece, Tone, cell
from batch_tui.ui.glyphs import glyphs
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.local_files import Entry, scan
from batch_tui.ui.selection import Scope, Selection
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table import VirtualTable
from batch_tui.ui.widgets.tabs import Tab, TabStrip

LOCAL, INPUTS, OUTPUTS = "local", "batch", "batch_output"
"""Tabs; the remote ones are called as the purpose they list."""
_COLUMNS = (
    Column("verdict", "", 1),
    Column("name", "file", 12, is_flexible=True),
    Column("requests", "reqs", 5, align="right", priority=1),
    Column("size", "size", 6, align="right"),
)


class FilesPane(Pane):
    """Local files with their verdicts; remote files by purpose.

    Args:
        root: The workspace.
        is_ascii: Whether only ASCII may be drawn.
    """

    NUMBER = 1
    TITLE = "Files"
    KEY = "files"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.FILES)

    @dataclass
    class Highlighted(Message):
        """The cursor stands on another file, or on none."""

        path: Path | None
        """A local file."""
        remote: RemoteFile | None = None

    @dataclass
    class Opened(Message):
        """A file was opened."""

        path: Path | None
        remote: RemoteFile | None = None

    @dataclass
    class ListingAsked(Message):
        """The files of a purpose at the service are wanted."""

        purpose: str

    def __init__(self, root: Path, *, is_ascii: bool = False) -> None:
        super().__init__(is_ascii=is_ascii)
        self._root = root
        self._glyphs = glyphs(is_ascii=is_ascii)
        self._entries: dict[str, Entry] = {}
        self._remote: dict[str, dict[str, RemoteFile]] = {}
        self._opened: frozenset[Path] = frozenset()
        self._reports: dict[str, tuple[int, Report]] = {}
        self._filter = ""
        self.tabs = TabStrip((Tab(LOCAL, "Local"), Tab(INPUTS, "Inputs"), Tab(OUTPUTS, "Outputs")))
        self.table = VirtualTable(_COLUMNS, self._row, is_ascii=is_ascii, empty="Looking…", id="files-table")

    def compose_body(self) -> ComposeResult:
        """Tabs over the list."""
        yield self.tabs
        yield self.table

    def on_mount(self) -> None:
        """Show the workspace."""
        self.title_bar.set_note(self._root.name)
        self.reload()

    @property
    def focus_target(self) -> VirtualTable:
        """The list."""
        return self.table

    @property
    def is_local(self) -> bool:
        """True while the workspace is shown."""
        return self.tabs.open_tab == LOCAL

    @property
    def selection(self) -> Selection:
        """What is under the cursor."""
        path, remote = self.current
        report = self.report_of(path) if path is not None else None
        marked = 0 if self.is_local else len(self.table.marks)
        return Selection(
            Scope.FILES, file=path, report=report, remote_file=remote, marked_files=marked, has_tabs=True
        )

    @property
    def current(self) -> tuple[Path | None, RemoteFile | None]:
        """The local or the remote file under the cursor."""
        row = self.table.cursor_id or ""
        if not self.is_local:
            return None, self._files.get(row)
        entry = self._entries.get(row)
        return (entry.path if entry is not None and not entry.is_folder else None), None

    @property
    def remote_targets(self) -> tuple[RemoteFile, ...]:
        """The marked remote files, else the one under the cursor."""
        marked = tuple(file for file_id, file in self._files.items() if file_id in self.table.marks)
        current = self.current[1]
        return marked or ((current,) if current is not None else ())

    def report_of(self, path: Path) -> Report | None:
        """The verdict on a file, as long as the file is as it was."""
        entry, known = self._entries.get(str(path)), self._reports.get(str(path))
        if known is None or (entry is not None and entry.changed != known[0]):
            return None
        return known[1]

    def set_report(self, path: Path, report: Report) -> None:
        """Show a verdict."""
        entry = self._entries.get(str(path))
        if entry is not None:
            self._reports[entry.id] = (entry.changed, report)
            self.table.update_rows((entry.id,))

    def set_remote(self, purpose: str, files: Sequence[RemoteFile], note: str = "") -> None:
        """Show the files of a purpose at the service."""
        self._remote[purpose] = {file.id: file for file in files}
        if self.tabs.open_tab == purpose:
            self.table.set_empty(note or "No files of this purpose.")
            self._fill()

    def forget_remote(self, ids: Sequence[str]) -> None:
        """These files are gone."""
        for files in self._remote.values():
            for file_id in ids:
                files.pop(file_id, None)
        if not self.is_local:
            self._fill()

    def set_filter(self, text: str) -> int:
        """Show only names that hold every word; gives how many are shown."""
        self._filter = text
        self._fill()
        return len(self.table.row_ids)

    def step_tab(self, count: int) -> None:
        """Another tab."""
        self.tabs.step(count)

    def fold(self, *, is_open: bool) -> bool:
        """Open or close the folder under the cursor; False when there is nothing to do."""
        entry = self._entries.get(self.table.cursor_id or "") if self.is_local else None
        if entry is None or not entry.is_folder or (entry.path in self._opened) == is_open:
            return False
        self._toggle(entry)
        return True

    def refresh_listing(self) -> None:
        """Read what is shown again: the workspace, or the list at the service."""
        if self.is_local:
            self.reload()
        else:
            self.post_message(self.ListingAsked(self.tabs.open_tab))

    @work(exclusive=True, group="scan", name="scan", exit_on_error=False)
    async def reload(self) -> None:
        """Read the workspace again."""
        entries = await asyncio.to_thread(scan, self._root, self._opened)
        self._entries = {entry.id: entry for entry in entries}
        if self.is_local:
            self.table.set_empty("No files here: put a .jsonl file into this directory.")
            self._fill()

    @on(TabStrip.TabOpened)
    def _show_tab(self, event: TabStrip.TabOpened) -> None:
        event.stop()
        self.table.clear_marks()
        if event.tab_id != LOCAL:
            self.table.set_empty("Asking the service…")
            self.post_message(self.ListingAsked(event.tab_id))
        self._fill()

    @on(VirtualTable.CursorMoved)
    def _tell_highlight(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()
        path, remote = self.current
        self.post_message(self.Highlighted(path, remote))

    @on(VirtualTable.RowOpened)
    def _open(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        entry = self._entries.get(event.row_id) if self.is_local else None
        if entry is not None and entry.is_folder:
            self._toggle(entry)
            return
        path, remote = self.current
        self.post_message(self.Opened(path, remote))

    def _toggle(self, entry: Entry) -> None:
        self._opened ^= {entry.path}
        self.reload()

    @property
    def _files(self) -> dict[str, RemoteFile]:
        return self._remote.get(self.tabs.open_tab, {})

    def _fill(self) -> None:
        names = (
            {row: entry.path.name for row, entry in self._entries.items()}
            if self.is_local
            else {row: f"{file.filename} {row}" for row, file in self._files.items()}
        )
        words = self._filter.casefold().split()
        self.table.set_rows([row for row, name in names.items() if all(w in name.casefold() for w in words)])
        self.table.update_rows()

    def _row(self, row_id: str) -> tuple[Cell, ...]:
        if not self.is_local:
            return self._remote_row(row_id)
        entry = self._entries.get(row_id)
        if entry is None:
            return ((), (), (), ())
        indent = "  " * entry.depth
        if entry.is_folder:
            sign = "-" if entry.path in self._opened else "+"
            return ((), (Piece(f"{indent}{sign} {entry.path.name}/", Tone.ACCENT),), (), ())
        report = self.report_of(entry.path)
        tone = Tone.PLAIN if entry.is_request_file else Tone.MUTED
        requests = cell(formatting.amount(report.requests), Tone.MUTED) if report is not None else ()
        return (
            self._verdict(report),
            (Piece(indent + entry.path.name, tone),),
            requests,
            cell(formatting.size(entry.size), Tone.MUTED),
        )

    def _verdict(self, report: Report | None) -> Cell:
        if report is None:
            return ()
        if report.is_valid:
            return cell(self._glyphs.completed, Tone.SUCCESS)
        if report.wants_wrapping:
            return cell(self._glyphs.with_failures, Tone.WARNING)
        return cell(self._glyphs.failed, Tone.ERROR)

    def _remote_row(self, row_id: str) -> tuple[Cell, ...]:
        file = self._files.get(row_id, RemoteFile(row_id))
        return ((), cell(file.filename or file.id), (), cell(formatting.size(file.bytes), Tone.MUTED))
