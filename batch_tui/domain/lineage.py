"""Which batch sends again the failures of which: the parent's id stands in the child's metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from batch_tui.domain.batch import PARENT_KEY, Batch


def parent_of(batch: Batch) -> str | None:
    """The id of the batch whose requests this one sends again, or None."""
    return batch.metadata.get(PARENT_KEY) or None


def root_of(batch_id: str, batches: Mapping[str, Batch]) -> str:
    """The first of the family; the batch itself when its parent isn't known or the metadata go in circles."""
    seen = {batch_id}
    current = batch_id
    while current in batches:
        parent = parent_of(batches[current])
        if parent is None or parent not in batches or parent in seen:
            break
        seen.add(parent)
        current = parent
    return current


def family_of(batch_id: str, batches: Iterable[Batch]) -> tuple[Batch, ...]:
    """The first batch and all that send its requests again, oldest first; empty when the batch isn't known.

    Whichever member is named, the family is the same.
    """
    known = {batch.id: batch for batch in batches}
    if batch_id not in known:
        return ()
    root = root_of(batch_id, known)
    members = [batch for batch in known.values() if root_of(batch.id, known) == root]
    return tuple(sorted(members, key=lambda batch: (batch.id != root, batch.times.created or 0, batch.id)))
