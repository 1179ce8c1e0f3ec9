"""The batches as rows: the parts of one file as one row that unfolds, with what still waits of it. Pure."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence

from batch_tui.domain.batch import NO_METADATA, PARENT_KEY, Batch
from batch_tui.domain.groups import Group, Grouping, Member
from batch_tui.domain.lineage import GROUP_KEY, place_in
from batch_tui.domain.queueing import QueueEntry

_QUEUED = "queue:"
_CLOSED, _OPENED, _PART = "+ ", "- ", "  "
"""What stands before a name, as before a folder in Files."""


def queued_row(entry: QueueEntry) -> str:
    """The id of the row of something that waits: never a batch's."""
    return _QUEUED + entry.id


class BatchRows:
    """All batches and all that waits, and in which rows they stand.

    Attributes:
        groups: The groups, by id.
        queued: What waits or can't be sent, by the id of its row.
    """

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}
        self._ordered: tuple[Batch, ...] = ()
        self._ids: tuple[str, ...] = ()
        self._grouping = Grouping()
        self._wholes: dict[str, Batch] = {}
        self._titles: dict[str, str] = {}
        self._opened: set[str] = set()
        self._group_of: dict[str, str] = {}
        self._marked: tuple[frozenset[str], tuple[Batch, ...]] = (frozenset(), ())
        self.groups: Mapping[str, Group] = {}
        self.queued: Mapping[str, QueueEntry] = {}

    def __len__(self) -> int:
        return len(self._batches)

    def set_batches(self, batches: Iterable[Batch], touched: Sequence[str] = ()) -> None:
        """These are all batches, newest first.

        Args:
            batches: All of them.
            touched: Those that came, went or changed; empty when anybody may have.
        """
        self._marked = (frozenset(), ())
        ordered, known = tuple(batches), len(self._ordered)
        if ordered[:known] != self._ordered:
            self._batches, self._ids, known = {}, (), 0
        # While older ones are listed, each page comes behind what is there: that isn't looked at again for it.
        fresh = {batch.id: batch for batch in ordered[known:]}
        self._batches |= fresh
        self._ids += tuple(fresh)
        self._ordered = ordered
        if not touched or any(map(self._is_related, touched)):
            self._regroup()

    def _is_related(self, batch_id: str) -> bool:
        """True for what is, was, or may now be in a group."""
        batch = self._batches.get(batch_id)
        metadata = batch.metadata if batch is not None else NO_METADATA
        return batch_id in self._group_of or GROUP_KEY in metadata or PARENT_KEY in metadata

    def set_queue(self, entries: Sequence[QueueEntry]) -> None:
        """This is the queue, oldest first."""
        self.queued = {queued_row(entry): entry for entry in entries}
        self._regroup()

    def get(self, row_id: str | None) -> Batch | None:
        """The batch of a row; of a group's row, the group as if it were one."""
        return self._batches.get(row_id or "") or self._wholes.get(row_id or "")

    def batches_of(self, row_ids: Iterable[str]) -> tuple[Batch, ...]:
        """The batches of rows, in their order; what waits has none."""
        if row_ids == self._ids:
            return self._ordered
        batches, wholes = self._batches, self._wholes
        found = [batches.get(row_id) or wholes.get(row_id) for row_id in row_ids]
        return tuple([batch for batch in found if batch is not None])

    def marked(self, marks: frozenset[str]) -> tuple[Batch, ...]:
        """The batches of marked rows, by id; remembered, for every step of the cursor asks for them."""
        if self._marked[0] is not marks:
            self._marked = (marks, self.batches_of(sorted(marks)))
        return self._marked[1]

    def title(self, row_id: str) -> str:
        """What the row is called in place of its batch's name; empty for a batch by itself."""
        group = self.groups.get(row_id)
        if group is None:
            return self._titles.get(row_id, "")
        return f"{_OPENED if row_id in self._opened else _CLOSED}{group.name} ×{group.size}"

    def with_groups(self, ids: Iterable[str]) -> set[str]:
        """These rows, and those of the groups they are part of."""
        wanted = set(ids)
        return wanted | {self._group_of[row_id] for row_id in wanted if row_id in self._group_of}

    def fold(self, row_id: str | None, *, is_open: bool) -> str | None:
        """Open the group of a row, or close the one it's in; gives the group's row, None without a change."""
        group_id = row_id if row_id in self.groups else self._group_of.get(row_id or "")
        if group_id is None or (group_id in self._opened) == is_open:
            return None
        self._opened ^= {group_id}
        return group_id

    def rows(
        self,
        keeps: Callable[[Batch], bool] | None,
        order: Callable[[list[Batch]], None] | None,
        first: frozenset[str],
    ) -> list[str]:
        """The ids of the rows, top to bottom: what waits by itself, then batches and groups.

        Args:
            keeps: Whether a batch is shown; a group is when one of its batches is, or the whole. None: all are.
            order: Sorts; None leaves the newest first.
            first: Batches that stand on top, whatever the order.
        """
        alone = [row_id for row_id, entry in self.queued.items() if place_in(entry.metadata) is None]
        if keeps is None and order is None and not first and not self.groups:
            return [*alone, *self._ids]
        shown = self._tops()
        if keeps is not None:
            shown = [batch for batch in shown if keeps(batch) or (self.groups and self._has_kept(batch, keeps))]
        if order is not None:
            order(shown)
        if first:
            on_top = self.with_groups(first)
            shown.sort(key=lambda batch: batch.id not in on_top)
        if not self._opened:
            return [*alone, *(batch.id for batch in shown)]
        return [*alone, *(row for batch in shown for row in (batch.id, *self._unfolded(batch.id)))]

    def _tops(self) -> list[Batch]:
        if not self.groups:
            return list(self._ordered)
        tops = [batch for batch in self._ordered if batch.id not in self._group_of]
        for whole in self._wholes.values():
            insort(tops, whole, key=_newest_first)
        return tops

    def _has_kept(self, batch: Batch, keeps: Callable[[Batch], bool]) -> bool:
        group = self.groups.get(batch.id)
        return group is not None and any(map(keeps, group.batches))

    def _unfolded(self, group_id: str) -> list[str]:
        if group_id not in self._opened:
            return []
        return [row_id for row_id in self._titles if self._group_of[row_id] == group_id]

    def _regroup(self) -> None:
        self._marked = (frozenset(), ())
        self._titles, self._group_of = {}, {}
        is_grouped = any(GROUP_KEY in batch.metadata for batch in self._batches.values())
        if not is_grouped and not any(place_in(entry.metadata) for entry in self.queued.values()):
            self.groups, self._wholes = {}, {}
            return
        found = self._grouping.of(self._batches.values(), self.queued.values())
        before, wholes = self.groups, self._wholes
        self.groups = {group.id: group for group in found}
        self._wholes = {g.id: wholes[g.id] if before.get(g.id) is g else g.batch for g in found}
        for group in found:
            for row_id, title in _members(group):
                self._titles[row_id] = title
                self._group_of[row_id] = group.id
            for batch in group.batches:
                self._group_of[batch.id] = group.id


def _newest_first(batch: Batch) -> tuple[int, str]:
    return -(batch.times.created or 0), batch.id


def _members(group: Group) -> Iterable[tuple[str, str]]:
    """The rows of a group's parts and retries, each with its title."""
    for member in group.members:
        row_id = _row_of(member)
        if row_id is not None:
            yield row_id, f"{_PART}part {member.place}"
    for batch in group.retries:
        yield batch.id, f"{_PART}again {batch.name}"


def _row_of(member: Member) -> str | None:
    if member.entry is not None and (member.is_waiting or member.batch is None):
        return queued_row(member.entry)
    return None if member.batch is None else member.batch.id
