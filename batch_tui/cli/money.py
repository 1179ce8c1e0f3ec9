"""Costs as lines of text and as records."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from decimal import Decimal

from batch_tui.domain.batch import Usage
from batch_tui.domain.formatting import grouped, money, plural
from batch_tui.domain.money import Bill, BillLine, Cost, Estimate, Range
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.settings import Flags, load_settings
from batch_tui.engine.money.prices import PriceList


def local_prices(args: argparse.Namespace, environ: Mapping[str, str] | None = None) -> PriceList:
    """The prices of the profile in use, for what needs no service and no key."""
    profile: str | None = getattr(args, "profile", None)
    settings = load_settings(os.environ if environ is None else environ, Flags(profile=profile), needs_key=False)
    return PriceList(settings.profile.prices)


def bill_lines(bill: Bill) -> list[tuple[str, str]]:
    """A bill, as pairs of a word and its value."""
    if not bill.lines:
        return [("cost", "n/a: no answer tells its tokens")]
    pairs = [("cost", cost_words(bill.total))]
    if len(bill.lines) > 1:
        pairs += [(_line_name(line), _line_words(line)) for line in bill.lines]
    return pairs + unpriced_lines(bill.unpriced)


def cost_words(cost: Cost | None) -> str:
    """A cost beside what the same calls would have cost one by one."""
    return money(None) if cost is None else f"{money(cost.batch)}  (synchronous {money(cost.synchronous)})"


def unpriced_lines(models: tuple[str, ...]) -> list[tuple[str, str]]:
    """How to give models a price that have none."""
    names = ", ".join(printable(model, 60) or "a nameless model" for model in models)
    return [("no price", f"for {names}: set one in the profile's prices table")] if models else []


def estimate_lines(estimate: Estimate) -> list[tuple[str, str]]:
    """An estimate, as pairs of a word and its value."""
    pairs = [("requests", grouped(estimate.requests))]
    for demand in estimate.demands:
        about = "" if demand.is_exact else "~"
        pairs.append(("input", f"{about}{grouped(demand.input_tokens)} tokens, {printable(demand.model, 60)}"))
        if demand.has_output:
            most = f"at most {grouped(demand.output_at_most)} tokens"
            free = f"{plural(demand.unbounded, 'request')} of {grouped(demand.requests)} set no limit"
            pairs.append(("output", free if demand.unbounded else most))
    pairs.append(("cost", estimate_words(estimate)))
    return pairs + unpriced_lines(estimate.unpriced)


def estimate_words(estimate: Estimate) -> str:
    """An estimated cost as a range."""
    found = estimate.range
    if found is None:
        return money(None)
    about = "" if estimate.is_exact else "~"
    if found.high == found.low:
        return about + cost_words(found.low)
    high = "no upper bound" if found.high is None else f"at most {money(found.high.batch)}"
    likely = "" if found.likely is None else f", {money(found.likely.batch)} if answered as usual"
    return f"{about}{money(found.low.batch)} for the input, {high}{likely}"


def bill_record(bill: Bill) -> dict[str, object]:
    """A bill for ``--json``; US dollars as text, for a number would lose digits."""
    return {
        **cost_record(bill.total),
        "by_model": [
            {
                "model": line.model,
                "service_tier": line.tier or None,
                "requests": line.requests,
                "usage": usage_record(line.usage),
                **cost_record(line.cost),
            }
            for line in bill.lines
        ],
    }


def estimate_record(estimate: Estimate) -> dict[str, object]:
    """An estimate for ``--json``."""
    found = estimate.range
    return {
        "requests": estimate.requests,
        "input_tokens": estimate.input_tokens,
        **(range_record(found) if found is not None else {"low": None, "likely": None, "high": None}),
        "by_model": [
            {
                "model": demand.model,
                "requests": demand.requests,
                "input_tokens": demand.input_tokens,
                "is_exact": demand.is_exact,
                "output_tokens_at_most": None if demand.unbounded else demand.output_at_most,
                "requests_without_limit": demand.unbounded,
            }
            for demand in estimate.demands
        ],
    }


def range_record(found: Range) -> dict[str, object]:
    """A cost between two bounds for ``--json``; null for a bound that there isn't."""
    return {
        "low": cost_record(found.low),
        "likely": None if found.likely is None else cost_record(found.likely),
        "high": None if found.high is None else cost_record(found.high),
    }


def cost_record(cost: Cost | None) -> dict[str, object]:
    """A cost for ``--json``: null for unknown, which is not nothing."""
    return {
        "cost_usd": None if cost is None else usd(cost.batch),
        "synchronous_usd": None if cost is None else usd(cost.synchronous),
    }


def usd(amount: Decimal) -> str:
    """US dollars as text that loses no digit."""
    return format(amount.normalize(), "f")


def usage_record(usage: Usage) -> dict[str, int]:
    """Tokens for ``--json``."""
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def _line_name(line: BillLine) -> str:
    return f"  {printable(line.model, 40)}{' ' + printable(line.tier, 20) if line.tier else ''}"


def _line_words(line: BillLine) -> str:
    return f"{plural(line.requests, 'request')}, {cost_words(line.cost)}"
