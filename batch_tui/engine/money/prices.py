"""What tokens cost: the bundled price data, a profile's own prices first.

``genai-prices`` holds the published rates of today; its ``processing: batch`` context gives the batch rate, its
``service_tier`` that of answers on another tier. Embedding models have no batch rate there, though the service
bills half of the synchronous one (OpenAI's price list, 2026). Some models cost more per token in a long request:
the length of each request decides, so usage that is summed over requests must say over how many. An unknown model
has no price: the answer is None and the screen says n/a, never a guess. The price data's package costs a quarter
of a second to load, so it is loaded at the first question, off the event loop if the caller cares.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from batch_tui.domain.batch import Usage
from batch_tui.domain.money import Cost, Price

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

_BATCH_SHARE = Decimal("0.5")
"""The batch rate as a share of the synchronous one, where the data has no batch rate of its own."""
_BATCH = MappingProxyType({"processing": "batch"})
_TIERS = frozenset({"flex", "priority", "fast"})
"""Tiers with rates of their own; every other word is the batch rate."""
_MILLION = Decimal(1_000_000)


class _Rates(Struct, frozen=True):
    """What requests of one model, tier and length cost."""

    paid: Price
    synchronous: Price

    def cost(self, usage: Usage) -> Cost:
        return Cost(self.paid.cost(usage), self.synchronous.cost(usage))


class _Ladder(Struct, frozen=True):
    """The rates of one model and tier, by the input tokens of a request."""

    starts: tuple[int, ...]
    """The tokens above which the dearer rates begin, ascending; empty for most models."""
    rates: tuple[_Rates, ...]
    """One more than there are starts."""

    def at(self, input_tokens: int) -> _Rates:
        return self.rates[sum(input_tokens > start for start in self.starts)]


class PriceList:
    """Prices by model.

    Args:
        own: The profile's prices by model, batch rates in US dollars per million tokens; they win over the data.
    """

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = dict(own or {})
        self._ladders: dict[tuple[str, str], _Ladder | None] = {}

    def cost(self, model: str | None, usage: Usage, *, tier: str = "", requests: int = 1) -> Cost | None:
        """What this usage costs on this model; None when nobody knows the model's price.

        Args:
            model: The model's name as the service writes it, dated or not.
            usage: Tokens of one request, or summed over several of one model and tier.
            tier: The ``service_tier`` of the answers; empty or ``default`` is the batch rate.
            requests: How many the usage is summed over; their mean length decides on the rate.
        """
        ladder = self._ladder(model, tier if tier in _TIERS else "") if model else None
        return None if ladder is None else ladder.at(usage.input_tokens // max(1, requests)).cost(usage)

    def knows(self, model: str | None) -> bool:
        """True when this model has a price."""
        return self.cost(model, Usage(input_tokens=1)) is not None

    def _ladder(self, model: str, tier: str) -> _Ladder | None:
        key = (model, tier)
        if key not in self._ladders:
            price = self._own.get(model)
            self._ladders[key] = _published(model, tier) if price is None else _own_ladder(price)
        return self._ladders[key]


def _own_ladder(price: Price) -> _Ladder:
    return _Ladder((), (_Rates(price, _times(price, 1 / _BATCH_SHARE)),))


def _published(model: str, tier: str) -> _Ladder | None:
    data, context = _PriceData(model), {"service_tier": tier} if tier else _BATCH
    try:
        starts = data.starts()
        return _Ladder(tuple(starts), tuple(_rates(data, context, start + 1) for start in (0, *starts)))
    except LookupError:
        return None


def _rates(data: _PriceData, context: Mapping[str, str], length: int) -> _Rates:
    synchronous, paid = data.rate(length), data.rate(length, context)
    if context is _BATCH and paid == synchronous:
        paid = _times(synchronous, _BATCH_SHARE)
    return _Rates(paid, synchronous)


class _PriceData(Struct, frozen=True):
    """What the bundled data says of one model; every method raises ``LookupError`` for one it doesn't know."""

    model: str

    def starts(self) -> list[int]:
        """The input tokens of a request above which it costs more per token."""
        from genai_prices.types import TieredPrices  # noqa: PLC0415 - loaded with the prices

        prices: list[object] = list(vars(self._price(1).model_price).values())
        return sorted({tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers})

    def rate(self, length: int, context: Mapping[str, str] | None = None) -> Price:
        """Dollars per million tokens in a request of this length, from what such a request costs."""
        plain = self._price(length, context=context).total_price
        return Price(
            input=plain * _MILLION / length,
            output=self._price(length, written=1_000_000, context=context).total_price - plain,
            cached=self._price(length, cached=length, context=context).total_price * _MILLION / length,
        )

    def _price(
        self, read: int, *, cached: int = 0, written: int = 0, context: Mapping[str, str] | None = None
    ) -> PriceCalculation:
        from genai_prices import Usage as Tokens  # noqa: PLC0415 - a quarter of a second, at the first question
        from genai_prices import calc_price  # noqa: PLC0415

        tokens = Tokens(input_tokens=read, cache_read_tokens=cached, output_tokens=written)
        told = None if context is None else dict(context)
        return calc_price(tokens, model_ref=self.model, provider_id="openai", price_context=told)


def _times(price: Price, factor: Decimal) -> Price:
    cached = None if price.cached is None else price.cached * factor
    return Price(price.input * factor, price.output * factor, cached)
