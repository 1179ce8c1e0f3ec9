"""Prices and costs, as values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from batch_tui.domain.batch import Usage

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs in a batch, US dollars per million tokens."""

    input: Decimal
    output: Decimal = Decimal(0)
    cached: Decimal | None = None
    """Of input tokens read from the cache; None when they cost what others cost."""

    def cost(self, usage: Usage) -> Decimal:
        """US dollars for this usage; cached tokens are part of the input tokens."""
        cached = min(usage.cached_tokens, usage.input_tokens) if self.cached is not None else 0
        total = (usage.input_tokens - cached) * self.input + usage.output_tokens * self.output
        return (total + cached * (self.cached or Decimal(0))) / _MILLION


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs in a batch, and what the same calls would have cost one by one."""

    batch: Decimal
    """US dollars."""
    synchronous: Decimal
    """US dollars at the synchronous rate."""

    def __add__(self, other: Cost) -> Cost:
        """Costs add up."""
        return Cost(self.batch + other.batch, self.synchronous + other.synchronous)


NOTHING = Cost(Decimal(0), Decimal(0))
"""Nothing was spent."""
