"""What was spent on what: the costs of many batches added up, and what of them nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from batch_tui.domain.batch import Usage
from batch_tui.domain.money import NOTHING, Cost


class By(StrEnum):
    """What costs are added up by."""

    BATCH = "batch"
    DAY = "day"
    MODEL = "model"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True)
class Expense:
    """What one model's answers in one batch cost."""

    profile: str
    batch_id: str
    created: int
    """When the batch was made, Unix seconds; 0 when nobody knows."""
    day: str
    """The local day it was made on, as ``2026-11-23``; empty when nobody knows."""
    model: str
    """Empty when nobody knows."""
    requests: int
    """Answers that told their tokens."""
    usage: Usage
    cost: Cost | None
    """None when nobody knows."""


@dataclass(frozen=True, slots=True)
class Total:
    """What everything with one key has cost."""

    key: str
    batches: int
    requests: int
    usage: Usage
    known: Cost
    """Of the batches whose cost is known."""
    unknown: int
    """Batches with a cost that nobody knows."""

    @property
    def cost(self) -> Cost | None:
        """The sum, or what is known of it; None when nothing is."""
        return None if self.batches and self.unknown == self.batches else self.known


def totals(expenses: Iterable[Expense], by: By) -> tuple[Total, ...]:
    """Costs added up by a key: days and batches the newest first, models and profiles the dearest first."""
    found: dict[str, list[Expense]] = {}
    for expense in expenses:
        found.setdefault(_key(expense, by), []).append(expense)
    made = {key: max(expense.created for expense in group) for key, group in found.items()}
    sums = [total(key, group) for key, group in found.items()]
    if by in {By.DAY, By.BATCH}:
        return tuple(sorted(sums, key=lambda one: (-made[one.key], one.key)))
    return tuple(sorted(sums, key=lambda one: (-one.known.batch, one.key)))


def total(key: str, expenses: Iterable[Expense]) -> Total:
    """All of some expenses in one sum."""
    told = tuple(expenses)
    return Total(
        key,
        batches=len({(expense.profile, expense.batch_id) for expense in told}),
        requests=sum(expense.requests for expense in told),
        usage=sum((expense.usage for expense in told), Usage()),
        known=sum((expense.cost for expense in told if expense.cost is not None), NOTHING),
        unknown=len({(expense.profile, expense.batch_id) for expense in told if expense.cost is None}),
    )


def _key(expense: Expense, by: By) -> str:
    match by:
        case By.BATCH:
            return expense.batch_id
        case By.DAY:
            return expense.day
        case By.MODEL:
            return expense.model
        case By.PROFILE:
            return expense.profile
