"""What belongs together: the parts of one file, and the batches that send again what failed in others.

It all stands in the batches' metadata: a retry names the batch whose requests it sends again, a part names its
group and its place in it. So a family is the same on every machine, and survives the loss of all local state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from batch_tui.domain.batch import PARENT_KEY, Batch
from batch_tui.domain.status import BatchStatus

GROUP_KEY = "batch_tui_group"
"""Metadata key of the file that was split: the same for all its parts."""
PART_KEY = "batch_tui_part"
"""Metadata key of a part's place, as ``3/7``."""
_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_GROUP_NAME = re.compile(r"[0-9a-f]{32}")
_PLACE_IN_NAME = re.compile(r" [0-9]+/[0-9]+$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands in its group."""

    number: int
    """1-based."""
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True, slots=True)
class Relatives:
    """Whose requests are meant, and who else may have answered them."""

    asked: tuple[Batch, ...]
    """One batch, or the parts of a group in their order: their inputs are the requests in question."""
    others: tuple[Batch, ...]
    """Batches of the family besides, oldest first."""

    @property
    def all(self) -> tuple[Batch, ...]:
        """All of them, oldest first: of two answers to one request the later batch's counts."""
        return tuple(sorted((*self.asked, *self.others), key=_age))


def parent_of(batch: Batch) -> str | None:
    """The id of the batch whose requests this one sends again, or None."""
    return batch.metadata.get(PARENT_KEY) or None


def group_of(batch: Batch) -> str | None:
    """The group whose part this batch is, or None."""
    return batch.metadata.get(GROUP_KEY) or None


def tells_of_others(batch: Batch) -> bool:
    """False for a batch that can only be the first of its family, as nearly all are."""
    return PARENT_KEY in batch.metadata or GROUP_KEY in batch.metadata


def place_of(batch: Batch) -> Place | None:
    """Where this batch stands in its group; None for what isn't a part."""
    return place_in(batch.metadata)


def place_in(metadata: Mapping[str, str]) -> Place | None:
    """The place in a group that metadata tell of; None without one."""
    match = _PART.fullmatch(metadata.get(PART_KEY, ""))
    if match is None or not metadata.get(GROUP_KEY):
        return None
    place = Place(int(match[1]), int(match[2]))
    return place if 1 <= place.number <= place.count else None


def is_group_name(name: str) -> bool:
    """True for what groups are called: only then is it worth looking for one among all batches."""
    return _GROUP_NAME.fullmatch(name) is not None


def whole_name(name: str) -> str:
    """What the file was called that a part of this name comes from."""
    return _PLACE_IN_NAME.sub("", name)


def root_of(batch_id: str, batches: Mapping[str, Batch]) -> str:
    """The first of the line; the batch itself when its parent isn't known or the metadata go in circles."""
    seen = {batch_id}
    current = batch_id
    while current in batches:
        parent = parent_of(batches[current])
        if parent is None or parent not in batches or parent in seen:
            break
        seen.add(parent)
        current = parent
    return current


def family_of(name: str, batches: Iterable[Batch]) -> tuple[Batch, ...]:
    """The first batch, or all parts of a group, and then all that send their requests again, oldest first.

    Whichever member is named, the family is the same.

    Args:
        name: A batch's id, or a group's.
        batches: All batches of the account.

    Returns:
        Empty when nothing has that name.
    """
    known = {batch.id: batch for batch in batches}
    wanted = _family_name(known[name], known) if name in known else name
    related = [batch for batch in known.values() if batch.id == wanted or tells_of_others(batch)]
    members = [batch for batch in related if _family_name(batch, known) == wanted]
    if name not in known and not any(group_of(batch) == name for batch in members):
        return ()
    return tuple(sorted(members, key=lambda batch: (root_of(batch.id, known) != batch.id, *_order(batch))))


def first_of(family: Iterable[Batch]) -> tuple[Batch, ...]:
    """Those of a family that send nobody's requests again: its one first batch, or the parts in their order.

    A part that was refused and sent anew is there once: as the batch that was not refused, else as the newest.
    """
    known = {batch.id: batch for batch in family}
    firsts = sorted((b for b in known.values() if root_of(b.id, known) == b.id), key=_order)
    by_place: dict[object, Batch] = {}
    for batch in firsts:
        place = place_of(batch)
        key = batch.id if place is None else place.number
        before = by_place.get(key)
        if before is None or before.status is BatchStatus.FAILED or batch.status is not BatchStatus.FAILED:
            by_place[key] = batch
    return tuple(by_place.values())


def latest_retry(batch_id: str, batches: Iterable[Batch]) -> Batch | None:
    """The newest batch that sends requests of this one again; one that brought something back comes first."""
    retries = [batch for batch in batches if parent_of(batch) == batch_id]
    return max(retries, key=lambda one: (bool(one.output_file_id or one.error_file_id), *_age(one)), default=None)


def missing_parts(family: Iterable[Batch]) -> tuple[int, ...]:
    """Numbers of the parts that no batch is there for: held back in the queue, or refused."""
    places = [place for batch in first_of(family) if (place := place_of(batch)) is not None]
    there = {place.number for place in places}
    return tuple(n for n in range(1, max((place.count for place in places), default=0) + 1) if n not in there)


def relatives_of(name: str, batches: Iterable[Batch]) -> Relatives | None:
    """Whose requests are meant by a name, and who else may have answered them.

    A batch's id means its own requests, a group's id those of all its parts. A retry of the whole group has
    answers for every part, so retries always count, other parts never do.

    Returns:
        None when nothing has that name.
    """
    family = family_of(name, batches)
    if not family:
        return None
    firsts = first_of(family)
    asked = tuple(batch for batch in family if batch.id == name) or firsts
    own = {batch.id for batch in asked}
    known = {batch.id: batch for batch in family}
    roots = {batch.id: root_of(batch.id, known) for batch in family}
    own_root = roots[asked[0].id]
    others = [b for b in family if b.id not in own and (roots[b.id] != b.id or b.id == own_root)]
    return Relatives(asked, tuple(sorted(others, key=_age)))


def _family_name(batch: Batch, known: Mapping[str, Batch]) -> str:
    root = root_of(batch.id, known)
    return group_of(known[root]) or root


def _order(batch: Batch) -> tuple[int, int, str]:
    place = place_of(batch)
    return (place.number if place is not None and parent_of(batch) is None else 0, *_age(batch))


def _age(batch: Batch) -> tuple[int, str]:
    return (batch.times.created or 0, batch.id)
