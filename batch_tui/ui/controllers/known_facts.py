"""What is known about batches beyond the service's words, at hand for ten thousand of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from batch_tui.domain.batch import Batch
from batch_tui.domain.groups import Group
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.columns import BatchFacts, group_facts


class KnownFacts:
    """Facts by batch. Those about an ended batch are kept: sorting and filtering ask for all of them.

    Args:
        desk: For the engine, and the notes on rows.
        groups: Gives the groups of batches, by id.
        now: Unix seconds by the server's clock.
    """

    def __init__(self, desk: Desk, *, groups: Callable[[], Mapping[str, Group]], now: Callable[[], float]) -> None:
        self._desk = desk
        self._groups = groups
        self._now = now
        self._is_gone = desk.cockpit.store.is_gone
        self._ended: dict[str, BatchFacts] = {}
        self._alarmed: frozenset[str] = frozenset()

    def of(self, batch: Batch) -> BatchFacts:
        """What is known about a batch, or a group as if it were one."""
        known = self._ended.get(batch.id)
        if known is not None and known.batch is batch and known.is_gone == self._is_gone(batch.id):
            return known
        group = self._groups().get(batch.id)
        if group is not None:
            return group_facts(batch, [self.of(one) for one in group.batches])
        facts = self._read(batch)
        if batch.is_terminal:
            self._ended[batch.id] = facts
        return facts

    def forget(self, ids: Iterable[str]) -> None:
        """Something else may be known about these."""
        for batch_id in ids:
            self._ended.pop(batch_id, None)

    def mark_alarmed(self, ids: frozenset[str]) -> None:
        """These batches break a rule of the guard, and no others."""
        self.forget(ids ^ self._alarmed)
        self._alarmed = ids

    def _read(self, batch: Batch) -> BatchFacts:
        cockpit = self._desk.cockpit
        cost = cockpit.costs.cost(batch)
        return BatchFacts(
            batch,
            pace=cockpit.history.pace(batch, self._now()),
            cost=None if cost is None else cost.batch,
            is_cancelling=batch.id in self._desk.notes,
            is_gone=self._is_gone(batch.id),
            is_alarmed=batch.id in cockpit.patrol.guard.alarmed,
        )
