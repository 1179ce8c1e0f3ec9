"""What running batches will have cost at their end: for the guard, which must not wait for a bill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from batch_tui.domain.batch import Batch, Usage
from batch_tui.domain.guard import Expected
from batch_tui.engine.money.costs import cost_so_far, projected, typical_output
from batch_tui.engine.money.prices import PriceList

if TYPE_CHECKING:
    from batch_tui.domain.operation import SubmitOperation

_WITHOUT_OUTPUT = ("/embeddings", "/moderations")
"""Ends of the endpoints whose answers have no output tokens."""


class Forecast:
    """One look at all batches; what is needed of them is read once, and only when it is.

    Args:
        prices: The price list.
        batches: Gives the account's batches, newest first.
        submits: Gives the submits of this machine, which know models and tokens.
    """

    def __init__(
        self,
        prices: PriceList,
        batches: Callable[[], Sequence[Batch]],
        submits: Callable[[], Iterable[SubmitOperation]],
    ) -> None:
        self._prices = prices
        self._batches = batches
        self._submits = submits
        self._outputs: dict[str, float | None] = {}

    def of(self, batch: Batch) -> Expected | None:
        """By the usage the service reports, else by what was submitted; None when nobody can tell."""
        cost = projected(batch, self._prices) or cost_so_far(batch, self._prices)
        if cost is not None and cost.batch > 0:
            return Expected(cost.batch)
        return self._estimate(batch)

    def _estimate(self, batch: Batch) -> Expected | None:
        submit = self._known.get(batch.id)
        model = batch.model or (submit.model if submit is not None else None)
        if submit is None or not model:
            return None
        requests = batch.counts.total if batch.counts.total > 0 else submit.requests
        each = self._output(batch.endpoint or submit.endpoint, model)
        usage = Usage(input_tokens=submit.input_tokens, output_tokens=round((each or 0) * requests))
        cost = self._prices.cost(model, usage, requests=requests)
        return None if cost is None else Expected(cost.batch, "more than" if each is None else "about")

    def _output(self, endpoint: str, model: str) -> float | None:
        """Output tokens of a usual answer; None when no earlier batch tells."""
        if endpoint.endswith(_WITHOUT_OUTPUT):
            return 0.0
        if model not in self._outputs:
            self._outputs[model] = typical_output(model, self._all)
        return self._outputs[model]

    @cached_property
    def _all(self) -> Sequence[Batch]:
        return self._batches()

    @cached_property
    def _known(self) -> Mapping[str, SubmitOperation]:
        return {submit.batch_id: submit for submit in self._submits() if submit.batch_id is not None}
