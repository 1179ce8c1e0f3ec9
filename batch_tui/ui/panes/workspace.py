"""The workspace as Files knows it: which folder is shown, what is in it, and the verdicts on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_tui.domain.problems import Report
from batch_tui.ui.panes.local_files import LOCAL_COLUMNS, Entry, local_cells, scan
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.glyphs import glyphs


class Workspace:
    """Local files and their verdicts, without a widget.

    Args:
        root: The folder it begins with.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        """The folder that is shown."""
        self.entries: dict[str, Entry] = {}
        """What is in it, by row id."""
        self.opened: frozenset[Path] = frozenset()
        """Folders whose contents are shown below them."""
        self._home = root
        self._changed: tuple[int, ...] = ()
        self._reports: dict[str, tuple[int, Report]] = {}

    @property
    def is_at_home(self) -> bool:
        """True while the folder it began with is shown."""
        return self.root == self._home

    @property
    def names(self) -> dict[str, str]:
        """What a filter looks at, by row id."""
        return {row: entry.path.name for row, entry in self.entries.items()}

    @property
    def place(self) -> str:
        """The shown folder, seen from the one it began with."""
        if self.is_at_home:
            return self.root.name
        if self.root.is_relative_to(self._home):
            return str(Path(self._home.name) / self.root.relative_to(self._home))
        return str(self.root)

    def scan(self) -> tuple[Entry, ...]:
        """Read the shown folder. Blocking."""
        self._changed = self._changes()
        return tuple(scan(self.root, self.opened, has_way_up=not self.is_at_home))

    def take(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """This is in it now; gives the request files without a verdict."""
        self.entries = {entry.id: entry for entry in entries}
        return tuple(entry for entry in entries if entry.is_request_file and self.report_of(entry.path) is None)

    def is_as_read(self) -> bool:
        """True while nothing came into the shown folder or went since it was read. Blocking, for a glance."""
        return self._changed == self._changes()

    def _changes(self) -> tuple[int, ...]:
        """When each folder in sight changed, in nanoseconds."""
        return tuple(map(_changed, (self.root, *sorted(self.opened))))

    def report_of(self, path: Path) -> Report | None:
        """The verdict on a file, as long as the file is as it was."""
        entry, known = self.entries.get(str(path)), self._reports.get(str(path))
        if known is None or (entry is not None and entry.changed != known[0]):
            return None
        return known[1]

    def cells(self, row_id: str, *, is_ascii: bool) -> tuple[Cell, ...]:
        """The cells of a row, one for each column."""
        entry = self.entries.get(row_id)
        if entry is None:
            return ((),) * len(LOCAL_COLUMNS)
        signs, is_open = glyphs(is_ascii=is_ascii), entry.path in self.opened
        return local_cells(entry, self.report_of(entry.path), signs, is_open=is_open)

    def note_reports(self, reports: Mapping[Path, Report]) -> tuple[str, ...]:
        """Keep verdicts on files that are known; the ids of their rows."""
        noted: list[str] = []
        for path, report in reports.items():
            entry = self.entries.get(str(path))
            if entry is not None:
                self._reports[entry.id] = (entry.changed, report)
                noted.append(entry.id)
        return tuple(noted)


def _changed(folder: Path) -> int:
    """When a folder changed; 0 for one that can't be read."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
