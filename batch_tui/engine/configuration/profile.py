"""A profile's table turned into values: limits over the provider's preset, prices, guard rules in seconds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.guard import GuardRules, Rule
from batch_tui.domain.limits import Limits
from batch_tui.domain.money import Price
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.config import Config, GuardTable, ProfileTable
from batch_tui.engine.configuration.providers import PROVIDERS


def limits_of(table: ProfileTable, config: Config, name: str) -> Limits:
    """The provider's limits with the profile's own over them.

    Raises:
        ConfigurationError: A limit is not above zero.
    """
    own = table.limits
    base = PROVIDERS[table.provider].limits
    for limit in own.__struct_fields__:
        value = getattr(own, limit)
        if value is not None and value is not False and value <= 0:
            place = config.place("profiles", name, "limits", limit)
            raise ConfigurationError(f"{place}: {limit} must be above 0; leave it out for the usual limit.")
    return replace(
        base,
        max_requests=_or(own.max_requests, base.max_requests),
        max_bytes=_or(own.max_bytes, base.max_bytes),
        max_embedding_inputs=_or(own.max_embedding_inputs, base.max_embedding_inputs),
        max_line_bytes=_or(own.max_line_bytes, base.max_line_bytes),
        min_expires_after=_or(own.min_expires_after, base.min_expires_after),
        max_expires_after=_or(own.max_expires_after, base.max_expires_after),
        creations_per_hour=_or(own.creations_per_hour, base.creations_per_hour),
        enqueued_tokens=own.enqueued_tokens if own.enqueued_tokens is not None else base.enqueued_tokens,
        allows_mixed_models=bool(own.allows_mixed_models or base.allows_mixed_models),
    )


def prices_of(table: ProfileTable, config: Config, name: str) -> dict[str, Price]:
    """The profile's own prices by model.

    Raises:
        ConfigurationError: A price is negative.
    """
    prices: dict[str, Price] = {}
    for model, row in table.prices.items():
        price = Price(row.input, row.output, row.cached)
        if not min(price.input, price.output, price.cached or Decimal(0)) >= 0:
            place = config.place("profiles", name, "prices", model)
            raise ConfigurationError(f"{place}: a price of {printable(model)} must be 0 or more.")
        prices[model] = price
    return prices


def guard_rules(config: Config, name: str) -> GuardRules:
    """The rules of a profile: its own table, else the common one, and those by name; 0 switches a rule off.

    Raises:
        ConfigurationError: A threshold is negative, or a share above 100.
    """
    own = config.profiles.get(name, ProfileTable()).guard
    table = config.guard if own is None else own
    where = ("guard",) if own is None else ("profiles", name, "guard")
    named = tuple(
        (pattern, _rules(other, config, ("guard_for", pattern))) for pattern, other in config.guard_for.items()
    )
    return replace(_rules(table, config, where), named=named)


def _rules(table: GuardTable, config: Config, where: tuple[str, ...]) -> GuardRules:
    _check_guard(table, config, where)
    return GuardRules(
        failure_percent=table.failure_percent or None,
        after_requests=table.after_requests,
        cost_above=table.cost_above or None,
        no_progress_seconds=table.no_progress_minutes * 60 or None,
        expires_within_seconds=table.expires_within_minutes * 60 or None,
        below_percent=table.below_percent,
        cancel_on=frozenset(map(Rule, table.cancel_on)),
        countdown_seconds=table.countdown_seconds,
    )


def _check_guard(table: GuardTable, config: Config, where: tuple[str, ...]) -> None:
    bounds = (
        ("failure_percent", table.failure_percent, 100.0),
        ("below_percent", table.below_percent, 100.0),
        ("after_requests", float(table.after_requests), float("inf")),
        ("cost_above", float(table.cost_above), float("inf")),
        ("no_progress_minutes", table.no_progress_minutes, float("inf")),
        ("expires_within_minutes", table.expires_within_minutes, float("inf")),
        ("countdown_seconds", table.countdown_seconds, float("inf")),
    )
    for key, value, most in bounds:
        if not 0 <= value <= most:
            wanted = "between 0 and 100" if most == 100.0 else "0 or more"
            raise ConfigurationError(f"{config.place(*where, key)}: {key} must be {wanted}.")


def _or(value: int | None, fallback: int) -> int:
    return fallback if value is None else value
