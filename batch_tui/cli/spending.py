"""The costs of an account, added up by batch, day, model or profile."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence

from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.money import cost_record, cost_words, usage_record
from batch_tui.cli.session import fetch_all, open_cockpit
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import ServiceError
from batch_tui.domain.formatting import amount, grouped
from batch_tui.domain.groups import Group
from batch_tui.domain.spending import By, Expense, Total, total, totals
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.configuration.settings import profile_names
from batch_tui.engine.money.spending import Spending
from batch_tui.engine.monitoring.listing import list_all

_SUM = "total"


async def show_spending(args: argparse.Namespace, console: Console) -> int:
    """Print the totals and their sum; 1 when some cost isn't known, 3 when a profile can't be asked."""
    by, expenses, code = By(args.by), list[Expense](), int(Exit.CLEAN)
    for name in _profiles(args, by):
        args.profile = name or args.profile
        try:
            expenses += await _of_profile(args, console)
        except ServiceError as error:
            if by is not By.PROFILE:
                raise
            console.say(f"{name}: {error}")
            code = Exit.SERVICE
    found, everything = totals(expenses, by), total(_SUM, expenses)
    if console.is_json:
        for one in (*found, everything):
            console.json({"by": by if one is not everything else _SUM, **total_record(one)})
    else:
        show_table(by, (*found, everything), console)
    return code or (Exit.FAILURES if everything.unknown else Exit.CLEAN)


async def show_group(cockpit: Cockpit, group: Group, console: Console) -> int:
    """Print what all parts and retries of a group have cost together, each answer priced by itself."""
    spending = Spending(cockpit.settings.profile.name, cockpit.collector, cockpit.workshop, cockpit.prices)
    hook = console.progress("downloading")
    found = [await spending.of(batch, may_fetch=True, on_progress=hook) for batch in group.batches]
    one = total(group.id, [expense for batch in found for expense in batch])
    if console.is_json:
        console.json({"id": group.id, "status": group.batch.raw_status, **total_record(one)})
    else:
        console.data(f"{'group':<11} {group.id}  {group.name}")
        console.data(f"{'batches':<11} {grouped(one.batches)}")
        console.data(f"{'cost':<11} {total_words(one)}")
    return Exit.FAILURES if one.unknown else Exit.CLEAN


def _profiles(args: argparse.Namespace, by: By) -> Sequence[str | None]:
    """The profiles to ask: all of the configuration when they are what costs are added up by."""
    args.profile = getattr(args, "profile", None)
    if by is not By.PROFILE or args.profile is not None:
        return (None,)
    return profile_names(os.environ) or (None,)


async def _of_profile(args: argparse.Namespace, console: Console) -> list[Expense]:
    async with open_cockpit(args, console) as cockpit:
        profile = cockpit.settings.profile.name
        spending = Spending(profile, cockpit.collector, cockpit.workshop, cockpit.prices)
        hook = console.progress("reading")
        found = [
            await spending.of(b, may_fetch=args.lines, on_progress=hook) for b in await _batches(cockpit, args)
        ]
    return [expense for batch in found for expense in batch]


async def _batches(cockpit: Cockpit, args: argparse.Namespace) -> Sequence[Batch]:
    if args.what:
        return await fetch_all(cockpit, args.what)
    since = 0.0 if args.since is None else time.time() + cockpit.store.server_offset - args.since
    batches = (await list_all(cockpit.service)).batches
    return [batch for batch in batches if (batch.times.created or 0) >= since]


def show_table(by: By, rows: Sequence[Total], console: Console) -> None:
    """The totals as aligned columns, the sum last."""
    console.table(
        (by.value, "batches", "requests", "tokens in", "tokens out", "cost"),
        [
            (
                one.key or "unknown",
                grouped(one.batches),
                grouped(one.requests),
                amount(one.usage.input_tokens),
                amount(one.usage.output_tokens),
                total_words(one),
            )
            for one in rows
        ],
    )


def total_words(one: Total) -> str:
    """A total's cost beside the synchronous price, and how much of it nobody knows."""
    unknown = f"  and {grouped(one.unknown)} of {grouped(one.batches)} n/a" if one.unknown else ""
    return cost_words(one.cost) + (unknown if one.cost is not None else "")


def total_record(one: Total) -> dict[str, object]:
    """A total for ``--json``: the cost is that of the batches whose cost is known, null when none is."""
    return {
        "key": one.key or None,
        "batches": one.batches,
        "requests": one.requests,
        "usage": usage_record(one.usage),
        **cost_record(one.cost),
        "unknown": one.unknown,
    }
