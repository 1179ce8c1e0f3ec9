"""The batches as rows: the parts of one file as one row that unfolds, with what still waits of it. Pure."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from batch_tui.domain.batch import NO_METADATA, PARENT_KEY, Batch
from batch_tui.domain.groups import Group, Grouping, Member
from batch_tui.domain.lineage import GROUP_KEY, place_in
from batch_tui.domain.queueing import QueueEntry

_MANY = 100
"""Marks from which on it's quicker to go through all batches than to look each of them up."""
_QUEUED = "queue:"
_CLOSED, _OPENED, _PART = "+ ", "- ", "  "
"""What stands before a name, as before a folder in Files."""


def queued_row(entry: QueueEntry) -> str:
    """The id of the row of something that waits: never a batch's."""
    return _QUEUED + entry.id


class Shown(Struct, frozen=True):
    """Rows, top to bottom."""

    ids: Sequence[str]
    batches: Sequence[Batch]
    """What waits has none."""


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
        self._tops: tuple[Batch, ...] | None = None
        self._top_ids: tuple[str, ...] | None = None
        self._grouping = Grouping()
        self._wholes: dict[str, Batch] = {}
        self._merged: dict[str, Batch] | None = None
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
        self._merged = None
        self._ids += tuple(fresh)
        self._ordered, self._tops, self._top_ids = ordered, None, None
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
        return self._every.get(row_id or "")

    def batches_of(self, row_ids: Iterable[str]) -> tuple[Batch, ...]:
        """The batches of rows, in their order; what waits has none."""
        if row_ids == self._ids:
            return self._ordered
        return tuple(filter(None, map(self._every.get, row_ids)))

    def marked(self, marks: frozenset[str]) -> tuple[Batch, ...]:
        """The batches of marked rows, newest first; remembered, for every step of the cursor asks for them."""
        if self._marked[0] is not marks:
            self._marked = (marks, tuple(self._found(marks)))
        return self._marked[1]

    def _found(self, marks: frozenset[str]) -> Sequence[Batch]:
        if len(marks) < _MANY:
            return sorted(self.batches_of(marks), key=_newest_first)
        if len(marks) == len(self.top_ids) and marks.issuperset(self.top_ids):
            return self.tops
        found = [batch for row_id, batch in zip(self._ids, self._ordered, strict=True) if row_id in marks]
        for whole in self._wholes.values():
            if whole.id in marks:
                insort(found, whole, key=_newest_first)
        return found

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

    @property
    def tops(self) -> tuple[Batch, ...]:
        """What has a row when nothing is unfolded: batches by themselves, and groups as if each were one."""
        if self._tops is None:
            self._tops = self._with_wholes() if self.groups else self._ordered
        return self._tops

    @property
    def top_ids(self) -> tuple[str, ...]:
        """The ids of :attr:`tops`; remembered, for each key of a filter asks for them."""
        if not self.groups:
            return self._ids
        if self._top_ids is None:
            self._top_ids = tuple([batch.id for batch in self.tops])
        return self._top_ids

    @property
    def members(self) -> Sequence[tuple[str, Batch]]:
        """The batches of groups, each with the id of its group."""
        return [(group.id, batch) for group in self.groups.values() for batch in group.batches]

    def listed(self, shown: Shown) -> Shown:
        """The rows, top to bottom: what waits by itself, then batches and groups with what is unfolded of them.

        Args:
            shown: Those of :attr:`tops` that are shown, in their order.
        """
        alone = [row_id for row_id, entry in self.queued.items() if place_in(entry.metadata) is None]
        opened = {row_id for row_id in self._opened if row_id in self.groups}
        if not alone and not opened:
            return shown
        ids, batches = [*shown.ids], [*shown.batches]
        places = [place for place, row_id in enumerate(ids) if row_id in opened] if opened else []
        for place in reversed(places):
            inside = self._unfolded(ids[place])
            batches[place + 1 : place + 1] = self.batches_of(inside)
            ids[place + 1 : place + 1] = inside
        return Shown((*alone, *ids), tuple(batches))

    @property
    def _every(self) -> Mapping[str, Batch]:
        """Batches and groups by id."""
        if not self._wholes:
            return self._batches
        if self._merged is None:
            self._merged = self._wholes | self._batches
        return self._merged

    def _with_wholes(self) -> tuple[Batch, ...]:
        tops = [batch for batch in self._ordered if batch.id not in self._group_of]
        for whole in self._wholes.values():
            insort(tops, whole, key=_newest_first)
        return tuple(tops)

    def _unfolded(self, group_id: str) -> list[str]:
        return [row_id for row_id in self._titles if self._group_of[row_id] == group_id]

    def _regroup(self) -> None:
        self._marked, self._tops, self._top_ids = (frozenset(), ()), None, None
        self._merged = None
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
