"""``cost``: an estimate before a file is submitted, the actual cost of a batch after, and of all together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile, seconds
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.money import (
    bill_lines,
    bill_record,
    cost_record,
    cost_words,
    estimate_lines,
    estimate_record,
    local_prices,
    unpriced_lines,
    usd,
)
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.cli.spending import show_group, show_spending
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.lineage import is_group_name
from batch_tui.domain.money import Bill, Cost, Estimate
from batch_tui.domain.spending import By
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.money.costs import bill_of, cost_so_far, estimate_of, projected
from batch_tui.engine.money.prices import PriceList
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.jsonl.demand import read_demand

Pairs = Sequence[tuple[str, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of what."""
    parser.add_argument(
        "what",
        nargs="*",
        metavar="FILE|ID",
        help="a local input file, a batch, or a group; with --by: these batches",
    )
    added = parser.add_argument_group("added up")
    added.add_argument("--by", choices=tuple(By), help="what the account's batches have cost, by this")
    added.add_argument("--since", type=seconds, metavar="T", help="only batches made in the last T, e.g. 7d")
    added.add_argument(
        "--lines",
        action="store_true",
        help="fetch the answers and price each by its own model, tier and length (as is done with those that are "
        "here already), instead of taking the service's sums",
    )
    counting = parser.add_mutually_exclusive_group()
    counting.add_argument(
        "--exact",
        dest="is_exact",
        action="store_true",
        default=None,
        help="count input tokens with the model's tokenizer (the default when [tokens] is installed)",
    )
    counting.add_argument(
        "--estimate",
        dest="is_exact",
        action="store_false",
        help="take four bytes for a token: fast, and about right",
    )
    parser.add_argument("--history", action="store_true", help="say what is likely, from the account's batches")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the cost of each; 1 when one isn't known."""
    if args.by:
        if args.history or args.is_exact is not None:
            raise ConfigurationError("--by adds up what was spent; estimates are for files, without it.")
        return run_async(lambda: show_spending(args, console))
    if not args.what:
        raise ConfigurationError("Name a file or a batch, or add up the account's batches with --by.")
    files = [Path(name) for name in args.what if Path(name).is_file()]
    ids = [name for name in args.what if not Path(name).is_file()]
    if ids or args.history:
        return run_async(lambda: _with_service(args, files, ids, console))
    prices = local_prices(args)
    return max(_estimate(path, args, console, prices) for path in files)


async def _with_service(args: argparse.Namespace, files: list[Path], ids: list[str], console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        prices = PriceList(cockpit.settings.profile.prices)
        batches = (await list_all(cockpit.service)).batches if args.history else ()
        codes = [_estimate(path, args, console, prices, batches) for path in files]
        if any(map(is_group_name, ids)):
            cockpit.store.apply((await list_all(cockpit.service)).batches)
        for name in ids:
            group = next((group for group in cockpit.groups.all() if group.id == name), None)
            if group is None:
                codes.append(await _actual(cockpit, name, console, prices))
            else:
                codes.append(await show_group(cockpit, group, console))
    return max(codes)


def _estimate(
    path: Path, args: argparse.Namespace, console: Console, prices: PriceList, batches: Sequence[Batch] = ()
) -> int:
    demands = read_demand(path, is_exact=args.is_exact, on_progress=console.progress(f"reading {path.name}"))
    estimate: Estimate = estimate_of(demands, prices, batches)
    if console.is_json:
        console.json({"file": str(path), **estimate_record(estimate)})
    else:
        _print([("file", str(path)), *estimate_lines(estimate)], console)
    if not demands:
        console.say(f"{path}: no request line in it; batch-tui check {path} says what is wrong.")
    return Exit.CLEAN if estimate.range is not None else Exit.FAILURES


async def _actual(cockpit: Cockpit, batch_id: str, console: Console, prices: PriceList) -> int:
    """From the answers' own tokens once the batch has ended, from its usage while it runs."""
    batch = await cockpit.service.retrieve_batch(batch_id)
    if batch.is_terminal and (batch.output_file_id or batch.error_file_id):
        collected = await cockpit.collector.collect(batch_id, on_progress=console.progress("downloading"))
        joined = await cockpit.workshop.join([list(collected.files)], on_progress=console.progress("reading"))
        with joined:
            return _show_bill(batch, bill_of(joined.usage_groups, prices), console)
    so_far = cost_so_far(batch, prices)
    about = None if so_far is not None or batch.is_terminal else await _about(cockpit, batch)
    return _show_running(batch, so_far, projected(batch, prices), about, console)


async def _about(cockpit: Cockpit, batch: Batch) -> Cost | None:
    """About what a batch has cost of which the service tells no tokens while it runs."""
    await cockpit.journal.ensure_loaded()
    await cockpit.costs.warm()
    batches = (await list_all(cockpit.service)).batches
    return cockpit.costs.about(batch, cockpit.journal.submit_of(batch.id), batches)


def _show_bill(batch: Batch, bill: Bill, console: Console) -> int:
    if console.is_json:
        console.json({"id": batch.id, "status": batch.status, **bill_record(bill)})
    else:
        _print([("batch", f"{batch.id}  {batch.name}"), *bill_lines(bill)], console)
    return Exit.CLEAN if bill.total is not None else Exit.FAILURES


def _show_running(
    batch: Batch, so_far: Cost | None, at_end: Cost | None, about: Cost | None, console: Console
) -> int:
    if console.is_json:
        record = {"id": batch.id, "status": batch.status, **cost_record(so_far)}
        told = {"about_usd": about, "projected_usd": at_end}
        console.json(record | {key: None if cost is None else usd(cost.batch) for key, cost in told.items()})
    else:
        words = cost_words(so_far) if about is None else f"~{cost_words(about)} by its counts"
        pairs = [("batch", f"{batch.id}  {batch.name}"), ("cost", words)]
        if not batch.is_terminal:
            pairs.append(("at the end", f"~{cost_words(at_end)}" if at_end is not None else cost_words(None)))
        if so_far is None and batch.usage is not None:
            pairs += unpriced_lines((batch.model or "",))
        _print(pairs, console)
    return Exit.CLEAN if so_far is not None else Exit.FAILURES


def _print(pairs: Pairs, console: Console) -> None:
    for word, value in pairs:
        console.data(f"{word:<11} {value}")
