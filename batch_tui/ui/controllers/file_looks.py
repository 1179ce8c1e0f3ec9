"""Looking at files: Inspect says what is known about the one under the cursor, and its verdict as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress, RemoteFile
from batch_tui.domain.problems import Report
from batch_tui.ui.controllers.file_checks import FileChecks
from batch_tui.ui.controllers.inspector import Inspector
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes import inspect as tabs
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.local_files import REQUEST_SUFFIXES
from batch_tui.ui.panes.verdict import first_error, problem_text

_CHECKING = "Checking…"
_UNASKED = "Not a .jsonl file: ⟦open⟧ checks it all the same."


class FileLooks:
    """Shows files in Inspect.

    Args:
        desk: What actions work with.
        files: Where files are chosen.
        inspect: Where they are looked at.
        inspector: Fills Inspect.
    """

    def __init__(self, desk: Desk, files: FilesPane, inspect: InspectPane, inspector: Inspector) -> None:
        self._desk = desk
        self._files = files
        self._inspect = inspect
        self._inspector = inspector
        self.checks = FileChecks(desk, files, told=self._reported)

    def look(self, path: Path | None, remote: RemoteFile | None, *, is_asked: bool = False) -> None:
        """Show a file; a local one of requests, or any the user asks for, with its verdict."""
        if remote is not None:
            self._inspector.at_remote(remote)
        if path is None:
            return
        report = self._files.report_of(path)
        is_checked = report is None and (is_asked or path.suffix in REQUEST_SUFFIXES)
        self._inspector.at_file(path, _CHECKING if is_checked else _UNASKED)
        if report is not None:
            self._inspector.show_report(path, report)
        elif is_checked:
            self.check(path)

    def look_inside(self, path: Path | None, remote: RemoteFile | None) -> None:
        """Show a file the user asks for; one that is known to be bad at its first bad line, with the reason."""
        self.look(path, remote, is_asked=True)
        error = None if path is None else first_error(self._files.report_of(path))
        if error is not None:
            self._inspect.look_at_line(error.line)
            self._desk.warn(problem_text(error))

    def check(self, path: Path) -> None:
        """Check a local file and show the verdict."""
        self._desk.start(self._check(path), name="check", group="check")

    async def _check(self, path: Path) -> None:
        def told(progress: Progress) -> None:
            if self._inspect.subject == str(path) and progress.fraction is not None:
                self._inspect.say(tabs.OVERVIEW, f"Checking… {formatting.percent(progress.fraction)}")

        try:
            report = await self.checks.report(path, told)
        except BatchTuiError as error:
            self._inspect.say(tabs.OVERVIEW, str(error))
            return
        self._reported({path: report})

    def _reported(self, reports: Mapping[Path, Report]) -> None:
        """Files were checked, whoever asked: the one that Inspect shows is told there too."""
        for path, report in reports.items():
            self._inspector.show_report(path, report)
