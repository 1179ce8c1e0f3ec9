"""What the user points at: the value that commands look at to say whether they can run. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.domain.batch import Batch
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.problems import Report
from batch_tui.ui.commands.pending_submit import PendingSubmit

if TYPE_CHECKING:
    from batch_tui.domain.lines import Cause


class Scope(StrEnum):
    """Where a command's keys are listened to."""

    APP = "app"
    """Everywhere."""
    TABLE = "table"
    """In every list."""
    VIEWER = "viewer"
    """In every text."""
    FILES = "files"
    BATCHES = "batches"
    INSPECT = "inspect"
    RESULTS = "results"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a local file."""

    path: Path
    line: int
    """1-based."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What the focused pane has under its cursor, and what is marked."""

    pane: Scope = Scope.BATCHES
    """The focused pane: ``FILES``, ``BATCHES``, ``INSPECT`` or ``RESULTS``."""
    batch: Batch | None = None
    """The batch under the cursor, or the one that Inspect and Results show."""
    pending: PendingSubmit | None = None
    """The submit without a batch under the cursor of Batches."""
    marked: tuple[Batch, ...] = ()
    """Marked batches, those a filter hides included."""
    shown: tuple[Batch, ...] = ()
    """Batches the filter shows."""
    file: Path | None = None
    """The local file under the cursor of Files."""
    report: Report | None = None
    """The verdict on that file; None while it isn't known."""
    place: Place | None = None
    """Where the editor should open: the first bad line of the file, or the line under the cursor."""
    remote_file: RemoteFile | None = None
    """The remote file under the cursor of Files."""
    marked_files: int = 0
    """Files marked in Files."""
    text: str = ""
    """Text under the cursor of a viewer: what can be copied, opened or edited."""
    custom_id: str = ""
    """Of the request under the cursor of Results."""
    rows: frozenset[int] | None = None
    """Requests that a filter of Results shows, in input order; None when it shows all."""
    cause: Cause | None = None
    """The cause of failure under the cursor of Inspect: only its requests are meant."""
    hits: int = 0
    """Matches of the search in the focused viewer."""
    is_in_text: bool = False
    """The focus stands in a text, which can be searched and wrapped."""
    has_tabs: bool = False
    """The focused pane has tabs."""

    @property
    def targets(self) -> tuple[Batch, ...]:
        """The batches a command acts on: the marked ones, else the one under the cursor."""
        if self.marked:
            return self.marked
        return (self.batch,) if self.batch is not None else ()
