"""A file that was split, as one thing again: its parts, what of it still waits, and its retries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from batch_tui.domain.batch import NAME_KEY, Batch, RequestCounts, Timestamps, Usage
from batch_tui.domain.lineage import (
    GROUP_KEY,
    PART_KEY,
    Place,
    first_of,
    group_of,
    parent_of,
    place_in,
    place_of,
    root_of,
    tells_of_others,
    whole_name,
)
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.domain.status import BatchStatus

QUEUED = "queued"
"""The word for a group of which nothing runs and something waits."""
_RUNNING = (
    BatchStatus.IN_PROGRESS,
    BatchStatus.FINALIZING,
    BatchStatus.VALIDATING,
    BatchStatus.UNKNOWN,
    BatchStatus.CANCELLING,
)
"""Of several states, the first of these is the group's."""
_ENDED = (BatchStatus.FAILED, BatchStatus.EXPIRED, BatchStatus.CANCELLED, BatchStatus.COMPLETED)
"""Of several ends, the first of these is the group's."""
_HELD = frozenset({QueueStage.WAITING, QueueStage.SENDING})


@dataclass(frozen=True, slots=True)
class Member:
    """One part of a group."""

    place: Place
    batch: Batch | None
    """The part's batch; None while it was never sent. A refused one stays here until it is sent anew."""
    entry: QueueEntry | None
    """What the queue holds of the part; None when it has nothing to do with it any more."""
    sent_again: int = 0
    """Requests in the largest retry of the part: all of it, when the part was refused before anything ran."""

    @property
    def is_waiting(self) -> bool:
        """True while the part is held back."""
        return self.entry is not None and self.entry.stage in _HELD

    @property
    def requests(self) -> int:
        """Requests of the part; 0 while nobody knows."""
        told = 0 if self.batch is None or self.is_waiting else max(0, self.batch.counts.total)
        # A batch that was refused before it ran tells no total.
        return told or (0 if self.entry is None else self.entry.requests) or self.sent_again


@dataclass(frozen=True, slots=True)
class Group:
    """All batches that one split file became."""

    id: str
    members: tuple[Member, ...]
    """In the order of the file."""
    retries: tuple[Batch, ...]
    """Batches that send requests of the parts again, oldest first."""

    @property
    def name(self) -> str:
        """What the file was called."""
        names = (m.batch.name if m.batch is not None else m.entry.name if m.entry else None for m in self.members)
        return whole_name(next(filter(None, names), self.id))

    @property
    def size(self) -> int:
        """Parts the file was cut into."""
        return max((member.place.count for member in self.members), default=0)

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the parts that are neither at the service nor in the queue."""
        there = {member.place.number for member in self.members}
        return tuple(number for number in range(1, self.size + 1) if number not in there)

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The parts' batches and then the retries."""
        return (*(member.batch for member in self.members if member.batch is not None), *self.retries)

    @property
    def active(self) -> tuple[Batch, ...]:
        """Those that have not ended."""
        return tuple(batch for batch in self.batches if not batch.is_terminal)

    @property
    def waiting(self) -> tuple[QueueEntry, ...]:
        """What is held back, in the order of the file."""
        return tuple(member.entry for member in self.members if member.entry is not None and member.is_waiting)

    @property
    def created_at(self) -> int:
        """When the first of it was made or queued, Unix seconds; 0 when nobody knows."""
        made = (batch.times.created for batch in self.batches if batch.times.created is not None)
        return min((*made, *(int(entry.created_at) for entry in self.waiting)), default=0)

    @property
    def is_ended(self) -> bool:
        """True when nothing runs and nothing waits."""
        return not self.active and not self.waiting

    @property
    def has_results(self) -> bool:
        """True when a part or a retry has brought something back."""
        return any(batch.output_file_id or batch.error_file_id for batch in self.batches)

    @property
    def counts(self) -> RequestCounts:
        """Requests over all parts; one that a retry answered is completed, whatever it was before."""
        sent = [m.batch.counts for m in self.members if m.batch is not None and not m.is_waiting]
        total = sum(member.requests for member in self.members)
        done = sum(max(0, c.completed) for c in (*sent, *(batch.counts for batch in self.retries)))
        completed = min(total, done)
        failed = sum(_failed_in(member, tried) for member, tried in self._lines())
        return RequestCounts(total, completed, min(total - completed, failed))

    @property
    def status(self) -> BatchStatus:
        """How the whole stands: it has ended only when nothing runs and nothing waits."""
        running = {batch.status for batch in self.active}
        if running:
            return next(status for status in _RUNNING if status in running)
        if self.waiting:
            return BatchStatus.IN_PROGRESS if self.counts.done else BatchStatus.VALIDATING
        counts, is_sized = self.counts, all(member.requests for member in self.members)
        if is_sized and counts.done == counts.total and not self.missing and self._is_answered():
            return BatchStatus.COMPLETED
        ended = {member.batch.status for member in self.members if member.batch is not None}
        if any(member.batch is None for member in self.members):
            ended.add(BatchStatus.FAILED)
        if self.missing:
            # Taken out of the queue unsent: what was sent has its own end, and nothing of it failed by that.
            ended.add(BatchStatus.CANCELLED)
        return next((status for status in _ENDED if status in ended), BatchStatus.FAILED)

    @property
    def batch(self) -> Batch:
        """The group as if it were one batch: for whatever shows a batch's row."""
        first = next(iter(self.batches), Batch(self.id))
        own = {key: value for key, value in first.metadata.items() if key not in {PART_KEY, NAME_KEY}}
        is_queued = not self.active and bool(self.waiting)
        status = self.status
        return replace(
            first,
            id=self.id,
            status=status,
            raw_status=QUEUED if is_queued else status.value,
            input_file_id="",
            output_file_id=None,
            error_file_id=None,
            counts=self.counts,
            times=self._times(status),
            errors=tuple(error for batch in self.batches for error in batch.errors),
            metadata={**own, NAME_KEY: self.name, GROUP_KEY: self.id},
            model=next((batch.model for batch in self.batches if batch.model), self._queued_model()),
            usage=self._usage(),
            raw="",
        )

    def _is_answered(self) -> bool:
        """True when every request has succeeded, or what was sent last of each part came to its regular end."""
        return self.counts.completed == self.counts.total or all(
            tried and tried[-1].status is BatchStatus.COMPLETED for _, tried in self._lines()
        )

    def _lines(self) -> Iterable[tuple[Member, list[Batch]]]:
        """Each part with its batch and its retries, oldest first; a retry of the whole names the first part."""
        known = {batch.id: batch for batch in self.batches}
        again: dict[str, list[Batch]] = {}
        for batch in self.retries:
            again.setdefault(root_of(batch.id, known), []).append(batch)
        for member in self.members:
            yield member, [] if member.batch is None else [member.batch, *again.get(member.batch.id, ())]

    def _queued_model(self) -> str | None:
        return next((entry.model for entry in self.waiting if entry.model), None)

    def _usage(self) -> Usage | None:
        """Tokens of all that ran; None when one that ran doesn't tell them."""
        ran = [batch for batch in self.batches if batch.usage is not None or batch.counts.done]
        told = [batch.usage for batch in ran if batch.usage is not None]
        return sum(told, Usage()) if ran and len(told) == len(ran) else None

    def _times(self, status: BatchStatus) -> Timestamps:
        every = [batch.times for batch in self.batches]
        ended = max((times.ended or 0 for times in every), default=0) or None
        return Timestamps(
            created=self.created_at or None,
            in_progress=min((times.in_progress for times in every if times.in_progress is not None), default=None),
            expires=max((times.expires for times in every if times.expires is not None), default=None),
            completed=ended if status is BatchStatus.COMPLETED else None,
            failed=ended if status is BatchStatus.FAILED else None,
            expired=ended if status is BatchStatus.EXPIRED else None,
            cancelled=ended if status is BatchStatus.CANCELLED else None,
        )


def stands_for_group(batch: Batch) -> bool:
    """True for :attr:`Group.batch`: a whole group, seen as one batch."""
    return batch.metadata.get(GROUP_KEY) == batch.id


def groups_of(batches: Iterable[Batch], entries: Iterable[QueueEntry] = ()) -> tuple[Group, ...]:
    """The groups among batches and what waits in the queue, newest first.

    Args:
        batches: All batches of the account.
        entries: The queue.
    """
    return Grouping().of(batches, entries)


class Grouping:
    """Finds the groups again and again: one whose batches are what they were is the group of before."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[list[Batch], list[QueueEntry], Group]] = {}

    def of(self, batches: Iterable[Batch], entries: Iterable[QueueEntry] = ()) -> tuple[Group, ...]:
        """As :func:`groups_of`."""
        known = {batch.id: batch for batch in batches}
        families: dict[str, list[Batch]] = {}
        for batch in filter(tells_of_others, known.values()):
            name = group_of(known[root_of(batch.id, known)])
            if name is not None:
                families.setdefault(name, []).append(batch)
        queued: dict[str, list[QueueEntry]] = {name: [] for name in families}
        for entry in entries:
            if place_in(entry.metadata) is not None:
                queued.setdefault(entry.metadata[GROUP_KEY], []).append(entry)
        self._known = {name: self._one(name, families.get(name, []), found) for name, found in queued.items()}
        groups = (group for _, _, group in self._known.values())
        return tuple(sorted(groups, key=lambda group: (-group.created_at, group.id)))

    def _one(
        self, name: str, family: list[Batch], entries: list[QueueEntry]
    ) -> tuple[list[Batch], list[QueueEntry], Group]:
        known = self._known.get(name)
        if known is not None and (known[0], known[1]) == (family, entries):
            return known
        return family, entries, _group(name, family, entries)


def _group(name: str, family: list[Batch], entries: list[QueueEntry]) -> Group:
    parts = {place.number: (place, batch) for batch in first_of(family) if (place := place_of(batch)) is not None}
    queued = {place.number: (place, entry) for entry in entries if (place := place_in(entry.metadata)) is not None}
    members: list[Member] = []
    for number in sorted(parts.keys() | queued.keys()):
        place, batch = parts.get(number, (None, None))
        waits_at, entry = queued.get(number, (None, None))
        found = place or waits_at
        if found is not None:
            members.append(Member(found, batch, entry))
    known = {batch.id: batch for batch in family}
    retries = [batch for batch in family if root_of(batch.id, known) != batch.id]
    by_age = sorted(retries, key=lambda b: (b.times.created or 0, b.id))
    return Group(name, tuple(_sized(members, by_age)), tuple(by_age))


def _sized(members: Sequence[Member], retries: Iterable[Batch]) -> Iterable[Member]:
    """The members, with what the retries tell of the size of those that were refused before anything ran."""
    largest: dict[str | None, int] = {}
    for retry in retries:
        parent = parent_of(retry)
        largest[parent] = max(largest.get(parent, 0), retry.counts.total)
    unsized = [member for member in members if not member.requests]
    has_only_one = len(unsized) == 1 and all(member is unsized[0] or _is_clean(member) for member in members)
    for member in members:
        sent_again = largest.get(member.batch.id, 0) if member.batch is not None else 0
        if has_only_one and member is unsized[0]:
            # A retry of the whole names the first part, and there was nothing else to send again.
            sent_again = sent_again or (largest.get(members[0].batch.id, 0) if members[0].batch else 0)
        yield replace(member, sent_again=sent_again)


def _failed_in(member: Member, tried: Sequence[Batch]) -> int:
    """Requests of a part that failed and that no retry answered, as far as counts can tell."""
    if member.is_waiting or not tried:
        return 0
    first, *again = (max(0, batch.counts.failed) for batch in tried)
    failed = first + max(again, default=0)  # the second retry sends again what failed in the first
    left = member.requests - sum(max(0, batch.counts.completed) for batch in tried)
    return min(failed, left) if left >= 0 else failed


def _is_clean(member: Member) -> bool:
    """True when every request of the part has succeeded."""
    return member.batch is not None and not member.is_waiting and member.batch.counts.completed >= member.requests
