"""What the user points at: the value that commands look at to say whether they can run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from batch_tui.domain.batch import Batch
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.groups import Group
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import QueueEntry
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


class Place(Struct, frozen=True):
    """A line of a local file."""

    path: Path
    line: int
    """1-based."""


class Selection(Struct, frozen=True):
    """What the focused pane has under its cursor, and what is marked."""

    pane: Scope = Scope.BATCHES
    """The focused pane: ``FILES``, ``BATCHES``, ``INSPECT`` or ``RESULTS``."""
    batch: Batch | None = None
    """The batch under the cursor, or the one that Inspect and Results show."""
    pending: PendingSubmit | None = None
    """The submit without a batch under the cursor of Batches."""
    queued: QueueEntry | None = None
    """What waits in the queue under the cursor of Batches."""
    groups: Mapping[str, Group] = field(default_factory=dict[str, Group])
    """Groups of parts by id: a batch of that id stands for all of them."""
    marked: tuple[Batch, ...] = ()
    """Marked batches, those a filter hides included."""
    counterpart: Batch | None = None
    """What the batch is compared with when nothing is marked: its latest retry, or as a retry its parent."""
    shown: Sequence[Batch] = ()
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
    is_partial: bool = False
    """Results shows only the first rows of what came back."""
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

    @property
    def pair(self) -> tuple[Batch, Batch] | None:
        """The two batches that would be compared, the older one first; None without them."""
        pair = self.marked or tuple(batch for batch in (self.batch, self.counterpart) if batch is not None)
        if len(pair) != 2:
            return None
        first, second = sorted(pair, key=lambda batch: (batch.times.created or 0, batch.id))
        return first, second

    @property
    def group(self) -> Group | None:
        """The group of parts under the cursor."""
        return None if self.batch is None else self.groups.get(self.batch.id)

    def each(self, batches: Iterable[Batch]) -> tuple[Batch, ...]:
        """These batches, with the parts and retries of a group in place of its row; none twice."""
        groups = self.groups
        if not groups:
            return tuple(batches)
        every = (one for batch in batches for one in _members(batch, groups.get(batch.id)))
        return tuple({batch.id: batch for batch in every}.values())

    def waiting(self, batches: Iterable[Batch]) -> tuple[QueueEntry, ...]:
        """What waits in the queue of the groups among these."""
        groups = (self.groups.get(batch.id) for batch in batches) if self.groups else ()
        return tuple(entry for group in groups if group is not None for entry in group.waiting)


def _members(batch: Batch, group: Group | None) -> tuple[Batch, ...]:
    return (batch,) if group is None else group.batches
