"""What tokens cost: the bundled price data, a profile's own prices first.

``genai-prices`` holds the published rates; its ``processing: batch`` context gives the batch rate. Embedding
models have no batch rate there, though the service bills half of the synchronous one (OpenAI's price list, 2026).
An unknown model has no price: the answer is None and the screen says n/a, never a guess. The price data's package
costs a quarter of a second to load, so it is loaded at the first question, off the event loop if the caller cares.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from batch_tui.domain.batch import Usage
from batch_tui.domain.money import Cost, Price

_BATCH_SHARE = Decimal("0.5")
"""The batch rate as a share of the synchronous one, where the data has no batch rate of its own."""
_TIERS = {"flex": "flex", "priority": "priority"}


class PriceList:
    """Prices by model.

    Args:
        own: The profile's prices by model, batch rates in US dollars per million tokens; they win over the data.
    """

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = dict(own or {})

    def cost(self, model: str | None, usage: Usage, *, tier: str = "") -> Cost | None:
        """What this usage costs on this model; None when nobody knows the model's price.

        Args:
            model: The model's name as the service writes it, dated or not.
            usage: Tokens of one request, or summed over requests of one model and tier.
            tier: The ``service_tier`` of the answers; empty or ``default`` is the batch rate.
        """
        if not model:
            return None
        price = self._own.get(model)
        if price is not None:
            paid = price.cost(usage)
            return Cost(paid, paid / _BATCH_SHARE)
        return _published(model, usage, _TIERS.get(tier, "batch"))

    def knows(self, model: str | None) -> bool:
        """True when this model has a price."""
        return self.cost(model, Usage(input_tokens=1)) is not None


def _published(model: str, usage: Usage, processing: str) -> Cost | None:
    from genai_prices import Usage as Tokens  # noqa: PLC0415 - a quarter of a second, at the first question
    from genai_prices import calc_price  # noqa: PLC0415

    tokens = Tokens(
        input_tokens=max(0, usage.input_tokens),
        output_tokens=max(0, usage.output_tokens),
        cache_read_tokens=max(0, min(usage.cached_tokens, usage.input_tokens)),
    )
    try:
        plain = calc_price(tokens, model_ref=model, provider_id="openai").total_price
        paid = calc_price(
            tokens, model_ref=model, provider_id="openai", price_context={"processing": processing}
        ).total_price
    except LookupError:
        return None
    if processing == "batch" and paid == plain:
        paid = plain * _BATCH_SHARE
    return Cost(paid, plain)
