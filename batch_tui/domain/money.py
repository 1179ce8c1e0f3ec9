"""Prices and costs, as values."""

from __future__ import annotations

import math
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


@dataclass(frozen=True, slots=True)
class BillLine:
    """What the answers of one model and tier cost."""

    model: str
    tier: str
    """The ``service_tier`` of the answers; empty when they tell none."""
    requests: int
    """Answers that told their tokens."""
    usage: Usage
    cost: Cost | None
    """None when nobody knows the model's price."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a batch cost, by model and tier."""

    lines: tuple[BillLine, ...] = ()
    """The most requests first."""

    @property
    def total(self) -> Cost | None:
        """The sum; None when a line has no price, for a part of a sum is no sum."""
        total = NOTHING
        for line in self.lines:
            if line.cost is None:
                return None
            total += line.cost
        return total

    @property
    def unpriced(self) -> tuple[str, ...]:
        """The models nobody knows the price of."""
        return tuple(dict.fromkeys(line.model for line in self.lines if line.cost is None))


@dataclass(frozen=True, slots=True)
class Demand:
    """What the requests of one model in an input file ask for."""

    model: str
    requests: int
    input_tokens: int
    output_at_most: int
    """Sum of the token limits that the requests set for their answers."""
    unbounded: int
    """Requests that set no limit, so that only the model bounds their answers."""
    has_output: bool = True
    """False for embeddings and moderations: their answers cost nothing beside the input."""
    is_exact: bool = False
    """True when the texts were counted with the model's own tokenizer, not estimated from their bytes."""


@dataclass(frozen=True, slots=True)
class Range:
    """A cost between two bounds."""

    low: Cost
    high: Cost | None
    """None when nothing bounds it."""
    likely: Cost | None = None
    """From what earlier batches of the model answered; None without any."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an input file will cost."""

    demands: tuple[Demand, ...]
    """By model, the most requests first."""
    range: Range | None
    """None when a model has no price."""
    unpriced: tuple[str, ...] = ()
    """The models nobody knows the price of."""

    @property
    def requests(self) -> int:
        """Requests in the file."""
        return sum(demand.requests for demand in self.demands)

    @property
    def input_tokens(self) -> int:
        """Input tokens of all requests."""
        return sum(demand.input_tokens for demand in self.demands)

    @property
    def is_exact(self) -> bool:
        """True when all texts were counted with their model's own tokenizer."""
        return bool(self.demands) and all(demand.is_exact for demand in self.demands)

    @property
    def worst(self) -> Cost | None:
        """What to be ready to pay: the upper bound, else the likely cost, else the lower bound."""
        return None if self.range is None else self.range.high or self.range.likely or self.range.low

    def dollars_to_type(self, above: Decimal | None) -> int | None:
        """The whole US dollars, rounded up, that a user types to confirm a large cost; None when a yes is enough.

        Args:
            above: The cost above which a yes is not enough; None for no such bound.
        """
        worst = self.worst
        if above is None or worst is None or worst.batch <= above:
            return None
        return max(1, math.ceil(worst.batch))
