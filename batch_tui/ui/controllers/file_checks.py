"""Verdicts on local files: remembered ones at once, small files in the background, large ones when asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress
from batch_tui.domain.problems import Report
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.panes.local_files import Entry

if TYPE_CHECKING:
    from batch_tui.engine.verdicts import Verdicts

SMALL = 4_000_000
"""Bytes up to which a file is checked without being asked for: a few hundredths of a second each."""


class FileChecks:
    """Gives Files its verdicts.

    Args:
        desk: What actions work with.
        files: Where verdicts are shown.
        told: Called with every verdict that becomes known.
    """

    def __init__(self, desk: Desk, files: FilesPane, *, told: Callable[[Mapping[Path, Report]], None]) -> None:
        self._desk = desk
        self._files = files
        self._told = told
        settings = desk.cockpit.settings
        self._limits = settings.profile.limits
        self._cache = settings.paths.cache
        self._is_loaded = False

    @cached_property
    def _verdicts(self) -> Verdicts:
        from batch_tui.engine.verdicts import Verdicts  # noqa: PLC0415 - not at the start

        return Verdicts(self._cache, self._limits)

    def consider(self, entries: tuple[Entry, ...]) -> None:
        """Find verdicts on these files: what is remembered, and small ones by checking them in the background."""
        self._desk.start(self._consider(entries), name="verdicts", group="verdicts")

    async def report(self, path: Path, on_progress: Callable[[Progress], None] | None = None) -> Report:
        """The verdict on one file, checked now if need be.

        Args:
            path: The file.
            on_progress: Told how far a check is.

        Raises:
            BatchTuiError: It can't be checked.
        """
        known = self._files.report_of(path)
        if known is not None:
            return known
        report = await self._check(path, on_progress)
        await asyncio.to_thread(self._verdicts.save)
        return report

    async def _consider(self, entries: tuple[Entry, ...]) -> None:
        from batch_tui.engine.verdicts import FileState  # noqa: PLC0415 - not at the start

        if not self._is_loaded:
            await asyncio.to_thread(self._verdicts.load)
            self._is_loaded = True
        known = {
            entry.path: self._verdicts.get(entry.path, FileState(entry.size, entry.changed)) for entry in entries
        }
        self._note({path: report for path, report in known.items() if report is not None})
        small = [entry for entry in entries if known[entry.path] is None and entry.size <= SMALL]
        for entry in small:
            try:
                await self._check(entry.path)
            except BatchTuiError:
                continue  # said when somebody looks at the file
        if small:
            await asyncio.to_thread(self._verdicts.save)

    async def _check(self, path: Path, on_progress: Callable[[Progress], None] | None = None) -> Report:
        from batch_tui.engine.verdicts import FileState  # noqa: PLC0415 - not at the start

        state = await asyncio.to_thread(FileState.of, path)
        report = await self._desk.cockpit.workshop.check(path, limits=self._limits, on_progress=on_progress)
        if state is not None:
            self._verdicts.put(path, state, report)
        self._note({path: report})
        return report

    def _note(self, reports: Mapping[Path, Report]) -> None:
        self._files.set_reports(reports)
        self._told(reports)
