"""``compare``: two batches by custom_id: changed outcomes, tokens, answers, and cost."""

from __future__ import annotations

import argparse
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.money import bill_record, cost_words, local_prices
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.domain.formatting import grouped
from batch_tui.domain.lineage import family_of, is_group_name
from batch_tui.engine.money.costs import bill_of
from batch_tui.engine.money.prices import PriceList
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.jsonl.results.compare import Comparison, Difference, Side, differences
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.turns import Change

Found = dict[str, list[list[Path]]]
"""Result files by what was named, a list for each generation."""
_WORDS = {
    Change.SAME: "the same",
    Change.ANSWER: "other answers",
    Change.OUTCOME: "other outcomes",
    Change.ONLY_FIRST: "only in the first",
    Change.ONLY_SECOND: "only in the second",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which two."""
    parser.add_argument("first", metavar="A", help="a batch, a group, or a local output file")
    parser.add_argument("second", metavar="B", help="a batch, a group, or a local output file")
    parser.add_argument(
        "--show",
        choices=tuple(Change),
        action="append",
        default=[],
        help="also a line for each request that differs so; may be given several times",
    )
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the counts; 1 when a request came out differently."""
    found: Found = {name: [[Path(name)]] for name in (args.first, args.second) if Path(name).is_file()}
    prices: list[PriceList] = []
    ids = [name for name in (args.first, args.second) if name not in found]
    if ids:
        code = run_async(lambda: _collect(args, ids, found, prices, console))
        if not prices:
            return code
    else:
        prices.append(local_prices(args))
    show = console.progress("reading")
    with (
        join_results(found[args.first], on_progress=show) as first,
        join_results(found[args.second], on_progress=show) as second,
    ):
        return _compare(first, second, prices[0], args, console)


async def _collect(
    args: argparse.Namespace,
    ids: list[str],
    found: Found,
    prices: list[PriceList],
    console: Console,
) -> int:
    async with open_cockpit(args, console) as cockpit:
        show = console.progress("downloading")
        batches = (await list_all(cockpit.service)).batches if any(map(is_group_name, ids)) else ()
        for name in ids:
            if is_group_name(name) and family_of(name, batches):
                found[name] = (await cockpit.generations.collect(name, batches, on_progress=show)).results
            else:
                found[name] = [list((await cockpit.collector.collect(name, on_progress=show)).files)]
        prices.append(PriceList(cockpit.settings.profile.prices))
    return Exit.CLEAN


def _compare(
    first: JoinedResults, second: JoinedResults, prices: PriceList, args: argparse.Namespace, console: Console
) -> int:
    comparison, shown = Comparison(), frozenset(map(Change, args.show))
    for difference in differences(first, second):
        comparison.add(difference)
        if difference.change in shown:
            _show_one(difference, console)
    bills = [bill_of(joined.usage_groups, prices) for joined in (first, second)]
    if console.is_json:
        record = comparison_record(comparison)
        console.json({**record, "first_cost": bill_record(bills[0]), "second_cost": bill_record(bills[1])})
    else:
        for change, count in comparison.counts.items():
            console.data(f"{_WORDS[change]:<18} {grouped(count):>9}")
        console.data(f"{'gained, lost':<18} {grouped(comparison.gained):>9}, {grouped(comparison.lost)}")
        for word, place in (("tokens in", 0), ("tokens out", 1)):
            before, after = comparison.first_tokens[place], comparison.second_tokens[place]
            console.data(f"{word:<18} {grouped(before):>9} → {grouped(after)}")
        console.data(f"{'cost':<18} {cost_words(bills[0].total)} → {cost_words(bills[1].total)}")
    return Exit.CLEAN if comparison.counts[Change.SAME] == sum(comparison.counts.values()) else Exit.FAILURES


def _show_one(difference: Difference, console: Console) -> None:
    if console.is_json:
        sides = {"first": side_record(difference.first), "second": side_record(difference.second)}
        console.json({"custom_id": difference.custom_id, "change": difference.change, **sides})
    else:
        before, after = _side_words(difference.first), _side_words(difference.second)
        console.data(f"{difference.custom_id}  {difference.change}  {before} → {after}")


def _side_words(side: Side | None) -> str:
    if side is None:
        return "-"
    words = [side.outcome.value, side.code]
    if side.output_tokens is not None:
        words.append(f"{grouped(side.output_tokens)} out")
    return " ".join(word for word in words if word)


def side_record(side: Side | None) -> dict[str, object] | None:
    """One side of a difference for ``--json``."""
    if side is None:
        return None
    return {
        "outcome": side.outcome,
        "status_code": side.status_code,
        "code": side.code or None,
        "input_tokens": side.input_tokens,
        "output_tokens": side.output_tokens,
    }


def comparison_record(comparison: Comparison) -> dict[str, object]:
    """The counts for ``--json``."""
    return {
        **{change.value: count for change, count in comparison.counts.items()},
        "gained": comparison.gained,
        "lost": comparison.lost,
        "first_tokens": list(comparison.first_tokens),
        "second_tokens": list(comparison.second_tokens),
    }
