"""Files: the workspace with the verdict on each file, and the files at the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from batch_tui.domain.file_use import Users
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.problems import Report
from batch_tui.ui.commands.bindings import asking
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.columns import View
from batch_tui.ui.panes.local_files import LOCAL_COLUMNS, Entry, local_footnote
from batch_tui.ui.panes.remote_files import INPUTS, OUTPUT_COLUMNS, OUTPUTS, REMOTE_COLUMNS, RemoteLists
from batch_tui.ui.panes.verdict import file_selection
from batch_tui.ui.panes.workspace import Workspace
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.widgets.table import VirtualTable
from batch_tui.ui.widgets.tabs import Tab, TabStrip

LOCAL = "local"
"""A tab; the remote ones are called as the purpose they list."""
_NO_MATCH = "No name matches: ⟦back⟧ shows all."


class FilesPane(Pane):
    """Local files with their verdicts; remote files by purpose.

    Args:
        root: The workspace.
        view: How facts are written now.
        is_ascii: Whether only ASCII may be drawn.
        name_keys: Names the user's keys.
    """

    TITLE = "Files"
    KEY = "files"
    BINDINGS: ClassVar[list[BindingType]] = asking(Scope.FILES)

    @dataclass(eq=False)
    class Highlighted(Message):
        """The cursor stands on another file, or on none."""

        path: Path | None
        """A local file."""
        remote: RemoteFile | None = None

    @dataclass(eq=False)
    class Opened(Message):
        """A file was opened."""

        path: Path | None
        remote: RemoteFile | None = None

    @dataclass(eq=False)
    class ListingAsked(Message):
        """The files of a purpose at the service are wanted."""

        purpose: str

    @dataclass(eq=False)
    class Listed(Message):
        """The workspace was read: these request files have no verdict yet."""

        entries: tuple[Entry, ...]

    def __init__(
        self, root: Path, view: Callable[[], View], *, is_ascii: bool = False, name_keys: Naming = usual_keys
    ) -> None:
        super().__init__(is_ascii=is_ascii, name_keys=name_keys)
        self._workspace = Workspace(root)
        self._view = view
        self._remote = RemoteLists()
        self._return_to: Path | None = None
        self._filter = ""
        self.tabs = TabStrip((Tab(LOCAL, "Local"), Tab(INPUTS, "Inputs"), Tab(OUTPUTS, "Outputs")))
        self.table = VirtualTable(LOCAL_COLUMNS, self._row, is_ascii=is_ascii, empty="Looking…", id="files-table")

    def compose_body(self) -> ComposeResult:
        """Tabs over the list."""
        yield self.tabs
        yield self.table

    def on_mount(self) -> None:
        """Show the workspace."""
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
        return file_selection(path, report, remote, marked)

    @property
    def current(self) -> tuple[Path | None, RemoteFile | None]:
        """The local or the remote file under the cursor."""
        row = self.table.cursor_id or ""
        if not self.is_local:
            return None, self._files.get(row)
        entry = self._workspace.entries.get(row)
        return (entry.path if entry is not None and not entry.is_folder else None), None

    @property
    def remote_targets(self) -> tuple[RemoteFile, ...]:
        """The marked remote files, else the one under the cursor."""
        marked = tuple(file for file_id, file in self._files.items() if file_id in self.table.marks)
        current = self.current[1]
        return marked or ((current,) if current is not None else ())

    def report_of(self, path: Path) -> Report | None:
        """The verdict on a file, as long as the file is as it was."""
        return self._workspace.report_of(path)

    def set_reports(self, reports: Mapping[Path, Report]) -> None:
        """Show verdicts."""
        self.table.update_rows(self._workspace.note_reports(reports))

    def set_users(self, users: Users) -> None:
        """Show which batches use each remote file."""
        self._remote.users = users
        if not self.is_local:
            self.table.update_rows()

    def set_remote(self, purpose: str, files: Sequence[RemoteFile], note: str = "") -> None:
        """Show the files of a purpose at the service."""
        self._remote.put(purpose, files, note)
        if self.tabs.open_tab == purpose:
            self._fill()

    def forget_remote(self, ids: Sequence[str]) -> None:
        """These files are gone."""
        self._remote.forget(ids)
        if not self.is_local:
            self._fill()

    def set_filter(self, text: str) -> int:
        """Show only names that hold every word; gives how many are shown."""
        self._filter = text
        self._fill()
        return self.table.row_count

    def clear_filter(self) -> bool:
        """Show everything again; False when there was no filter."""
        had_any = bool(self._filter)
        if had_any:
            self.set_filter("")
        return had_any

    def step_tab(self, count: int) -> None:
        """Another tab."""
        self.tabs.step(count)

    def fold(self, *, is_open: bool) -> bool:
        """Open the folder under the cursor, or close it, or step out of it; False when there is nothing to do."""
        entry = self._workspace.entries.get(self.table.cursor_id or "") if self.is_local else None
        if entry is None or entry.is_way_up:
            return False
        if entry.is_folder and (entry.path in self._workspace.opened) != is_open:
            self._workspace.opened ^= {entry.path}
            self.reload()
            return True
        if is_open:
            return False
        if entry.depth:
            return self.table.move_to(str(entry.path.parent))
        return not self._workspace.is_at_home and self.go_up()

    def go_up(self) -> bool:
        """Show the folder above; False at the top, or in a tab of remote files."""
        here = self._workspace.root
        if not self.is_local or here.parent == here:
            return False
        self._return_to = here
        self._enter(here.parent)
        return True

    def refresh_listing(self) -> None:
        """Read what is shown again: the workspace, or the list at the service."""
        if self.is_local:
            self.reload()
        else:
            self.post_message(self.ListingAsked(self.tabs.open_tab))

    def on_descendant_focus(self) -> None:
        """Whoever comes back may have written files elsewhere meanwhile."""
        self.look_again()

    @work(exclusive=True, group="look", name="look", exit_on_error=False)
    async def look_again(self) -> None:
        """Read the workspace again if anything came into it or went since."""
        if not await asyncio.to_thread(self._workspace.is_as_read):
            self.reload()

    @work(exclusive=True, group="scan", name="scan", exit_on_error=False)
    async def reload(self) -> None:
        """Read the workspace again."""
        fresh = self._workspace.take(await asyncio.to_thread(self._workspace.scan))
        if self.is_local:
            self._fill()
            if self._return_to is not None:
                self.table.move_to(str(self._return_to))
                self._return_to = None
        if fresh:
            self.post_message(self.Listed(fresh))

    @on(TabStrip.TabOpened)
    def _show_tab(self, event: TabStrip.TabOpened) -> None:
        event.stop()
        self.table.clear_marks()
        self.table.set_columns({LOCAL: LOCAL_COLUMNS, OUTPUTS: OUTPUT_COLUMNS}.get(event.tab_id, REMOTE_COLUMNS))
        self.refresh_listing()
        self._fill()

    @on(VirtualTable.CursorMoved)
    def _tell_highlight(self, event: VirtualTable.CursorMoved) -> None:
        event.stop()
        path, remote = self.current
        self.post_message(self.Highlighted(path, remote))

    @on(VirtualTable.RowOpened)
    def _open(self, event: VirtualTable.RowOpened) -> None:
        event.stop()
        entry = self._workspace.entries.get(event.row_id) if self.is_local else None
        if entry is not None and entry.is_folder:
            self._return_to = self._workspace.root if entry.is_way_up else None
            self._enter(entry.path)
            return
        path, remote = self.current
        self.post_message(self.Opened(path, remote))

    def _enter(self, folder: Path) -> None:
        self._workspace.root = folder
        self._filter = ""
        self.reload()

    @property
    def _files(self) -> Mapping[str, RemoteFile]:
        return self._remote.of(self.tabs.open_tab)

    def _fill(self) -> None:
        remote = {row: f"{file.filename} {row}" for row, file in self._files.items()}
        names = self._workspace.names if self.is_local else remote
        words = self._filter.casefold().split()
        note = local_footnote(tuple(self._workspace.entries.values())) if self.is_local else ""
        empty = _NO_MATCH if words and names else note or self._remote.note(self.tabs.open_tab)
        self.title_bar.set_note(self._workspace.place if self.is_local else "at the service")
        self.table.set_footnote(self.name_keys(note))
        self.table.set_empty(self.name_keys(empty))
        self.table.set_rows([row for row, name in names.items() if all(w in name.casefold() for w in words)])
        self.table.update_rows()

    def _row(self, row_id: str) -> tuple[Cell, ...]:
        if self.is_local:
            return self._workspace.cells(row_id, is_ascii=self.is_ascii)
        return self._remote.cells(self.tabs.open_tab, row_id, self._view())
