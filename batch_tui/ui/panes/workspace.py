"""The workspace as Files knows it: which folder is shown, what is in it, and the verdicts on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from batch_tui.domain.problems import Report
from batch_tui.ui.panes.local_files import Entry, scan


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
        return tuple(scan(self.root, self.opened, has_way_up=not self.is_at_home))

    def report_of(self, path: Path) -> Report | None:
        """The verdict on a file, as long as the file is as it was."""
        entry, known = self.entries.get(str(path)), self._reports.get(str(path))
        if known is None or (entry is not None and entry.changed != known[0]):
            return None
        return known[1]

    def note_reports(self, reports: Mapping[Path, Report]) -> tuple[str, ...]:
        """Keep verdicts on files that are known; the ids of their rows."""
        noted: list[str] = []
        for path, report in reports.items():
            entry = self.entries.get(str(path))
            if entry is not None:
                self._reports[entry.id] = (entry.changed, report)
                noted.append(entry.id)
        return tuple(noted)
