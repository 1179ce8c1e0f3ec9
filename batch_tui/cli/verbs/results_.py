"""``results``: what came back, joined by custom_id in input order."""

from __future__ import annotations

import argparse
from array import array
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.money import bill_lines, bill_record, cost_record, local_prices, usage_record
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.cli.validation import ids_at, refusal_record, show_refusals
from batch_tui.domain.batch import BatchError
from batch_tui.domain.cause_meaning import meaning_of
from batch_tui.domain.errors import ConditionError, ConfigurationError
from batch_tui.domain.formatting import grouped
from batch_tui.domain.lineage import is_group_name
from batch_tui.domain.lines import Cause, ResultRow, Summary
from batch_tui.domain.money import Bill, Cost
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.money.costs import bill_of, row_costs
from batch_tui.engine.money.prices import PriceList
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.jsonl.results.export import ExportFormat, export_results, stream_results
from batch_tui.jsonl.results.join import JoinedResults, join_results
from batch_tui.jsonl.search import search_file

_STATUS = {
    "ok": "outcome:succeeded",
    "failed": "outcome:failed",
    "not_run": "outcome:not_run",
    "missing": "outcome:missing",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which results, and what of them."""
    parser.add_argument(
        "id",
        nargs="?",
        metavar="ID",
        help="a batch, or a group for all its parts; files are fetched once and kept",
    )
    parser.add_argument("--input", type=Path, metavar="F", help="local input file")
    parser.add_argument("--output", type=Path, metavar="F", help="local output file")
    parser.add_argument("--errors", type=Path, metavar="F", help="local error file")
    parser.add_argument("--merged", action="store_true", help="with ID: over all its parts and retries")
    chosen = parser.add_argument_group("which requests")
    chosen.add_argument("--status", choices=tuple(_STATUS), help="only these")
    chosen.add_argument(
        "--where",
        metavar="CONDITION",
        help="all words must hold: status>=400 code:rate_limit finish:length out>500 retry:yes id:abc",
    )
    chosen.add_argument("--search", metavar="TEXT", help="only those whose answer contains TEXT")
    chosen.add_argument("-i", "--ignore-case", action="store_true", help="for --search")
    written = parser.add_argument_group("how")
    written.add_argument("--summary", action="store_true", help="counts per outcome and cause, tokens, cost")
    written.add_argument(
        "--format",
        choices=tuple(ExportFormat),
        help="jsonl: the result lines as they came; csv, parquet: a table (default: as FILE of -o ends)",
    )
    written.add_argument("-o", "--out", type=Path, metavar="FILE", help="write there instead of stdout")
    written.add_argument("--force", action="store_true", help="overwrite it if it exists")
    add_json(parser)
    add_profile(parser)


class _Source(Struct, frozen=True):
    """The files that are joined, and what their tokens cost."""

    results: list[list[Path]]
    input_path: Path | None
    prices: PriceList
    refusals: tuple[BatchError, ...] = ()
    """Why the service refused the whole batch, when it did."""


def run(args: argparse.Namespace, console: Console) -> int:
    """Print or write the rows, the summary, or both; 1 when a request did not succeed."""
    local = [path for path in (args.output, args.errors) if path is not None]
    if bool(args.id) == bool(local):
        raise ConfigurationError("Name a batch, or local files with --output and --errors; not both.")
    if args.format == ExportFormat.PARQUET and args.out is None:
        raise ConfigurationError("Parquet is written into a file only; name one with -o.")
    if local:
        return _show(_Source([local], args.input, local_prices(args)), args, console)
    found: list[_Source] = []
    code = run_async(lambda: _collect(args, console, found))
    # Outside the event loop: an interrupt or a reader that goes away then ends the printing at once.
    return _show(found[0], args, console) if found else code


async def _collect(args: argparse.Namespace, console: Console, found: list[_Source]) -> int:
    async with open_cockpit(args, console) as cockpit:
        prices = PriceList(cockpit.settings.profile.prices)
        if args.merged or is_group_name(args.id):
            listing = await list_all(cockpit.service)
            family = await cockpit.generations.collect(
                args.id, listing.batches, on_progress=console.progress("downloading")
            )
            found.append(_Source(family.results, args.input or family.input_path, prices))
        else:
            found.append(await _of_one(cockpit, args, console, prices))
    return Exit.CLEAN


async def _of_one(cockpit: Cockpit, args: argparse.Namespace, console: Console, prices: PriceList) -> _Source:
    show = console.progress("downloading")
    collected = await cockpit.collector.collect(args.id, on_progress=show)
    if collected.message:
        console.say(collected.message)
    source = args.input or await cockpit.collector.fetch_input(collected.batch, on_progress=show)
    refusals = collected.batch.errors if collected.batch.status is BatchStatus.FAILED else ()
    return _Source([list(collected.files)], source, prices, refusals)


def _show(source: _Source, args: argparse.Namespace, console: Console) -> int:
    with join_results(
        source.results, input_path=source.input_path, on_progress=console.progress("reading")
    ) as joined:
        summary = joined.summary
        rows = _chosen(joined, args)
        if args.format or args.out:
            _export(joined, rows, args, console)
        elif not args.summary:
            _show_rows(joined, rows, source.prices, console)
        if args.summary:
            bill = bill_of(joined.usage_groups, source.prices)
            show_summary(summary, bill, console, refusals=source.refusals, input_path=source.input_path)
    return Exit.CLEAN if summary.succeeded == summary.requests else Exit.FAILURES


def _chosen(joined: JoinedResults, args: argparse.Namespace) -> Sequence[int]:
    """The rows that every given choice leaves."""
    words = [word for word in (_STATUS.get(args.status or "", ""), args.where) if word]
    try:
        rows: Sequence[int] = joined.select(" ".join(words)) if words else range(len(joined))
        if args.search is not None:
            wanted = _rows_with(joined, args.search, ignore_case=args.ignore_case)
            rows = array("Q", (row for row in rows if row in wanted))
    except ConditionError as error:
        raise ConfigurationError(str(error)) from error
    return rows


def _rows_with(joined: JoinedResults, text: str, *, ignore_case: bool) -> frozenset[int]:
    places = (
        joined.row_at(file, hit.start)
        for file, path in enumerate(joined.files)
        for hit in search_file(path, text, ignore_case=ignore_case)
    )
    return frozenset(row for row in places if row is not None)


def format_of(path: Path | None, named: str | None) -> ExportFormat:
    """What to write a file as: what was asked for, else what its name ends in, else result lines."""
    if named is not None:
        return ExportFormat(named)
    ending = "" if path is None else path.suffix.lower().removeprefix(".")
    return ExportFormat(ending) if ending in tuple(ExportFormat) else ExportFormat.JSONL


def _export(joined: JoinedResults, rows: Sequence[int], args: argparse.Namespace, console: Console) -> None:
    kind = format_of(args.out, args.format)
    if args.out is None:
        console.clear_progress()
        for piece in stream_results(joined, kind, rows=rows):
            console.write(piece)
        return
    done = export_results(
        joined, args.out, kind, rows=rows, overwrite=args.force, on_progress=console.progress("writing")
    )
    console.say(f"{grouped(done.rows)} rows written to {done.path}.")


def _show_rows(joined: JoinedResults, rows: Sequence[int], prices: PriceList, console: Console) -> None:
    for index in rows:
        row = joined.row(index)
        if console.is_json:
            console.json(row_record(row, row_costs(joined, [index], prices)[0]))
        else:
            code = "" if row.status_code is None else str(row.status_code)
            console.data(f"{row.custom_id}  {row.outcome}  {code}  {row.code}  {row.message}".rstrip())


def outcome_record(row: ResultRow) -> dict[str, object]:
    """One request with its outcome for ``--json``."""
    return {
        "custom_id": row.custom_id,
        "outcome": row.outcome,
        "status_code": row.status_code,
        "code": row.code or None,
        "message": row.message or None,
    }


def row_record(row: ResultRow, cost: Cost | None) -> dict[str, object]:
    """One request with its outcome and its cost for ``--json``."""
    return {
        **outcome_record(row),
        "finish_reason": row.finish_reason or None,
        "usage": None if row.usage is None else usage_record(row.usage),
        **cost_record(cost),
    }


def show_summary(
    summary: Summary,
    bill: Bill,
    console: Console,
    *,
    refusals: Sequence[BatchError] = (),
    input_path: Path | None = None,
) -> None:
    """Print what came back, why the rest did not, and what it cost."""
    ids = ids_at(input_path, refusals)
    if console.is_json:
        told = [refusal_record(error, ids) for error in refusals]
        console.json({**summary_record(summary), "validation": told, "cost": bill_record(bill)})
        return
    for word in (
        "requests",
        "succeeded",
        "failed",
        "not_run",
        "missing",
        "foreign",
        "duplicate",
        "unreadable",
        "truncated",
    ):
        count: int = getattr(summary, word)
        if count or word in {"requests", "succeeded", "failed"}:
            console.data(f"{word.replace('_', ' '):<11} {grouped(count):>9}")
    usage = summary.usage
    console.data(f"{'tokens':<11} {grouped(usage.input_tokens):>9} in, {grouped(usage.output_tokens)} out")
    for word, value in bill_lines(bill):
        console.data(f"{word:<11} {value:>9}")
    if refusals:
        show_refusals(refusals, ids, console)
        return
    for cause in summary.causes:
        for line in cause_lines(cause):
            console.data(line)


def cause_lines(cause: Cause) -> tuple[str, str]:
    """One reason for failures: what the service said, and what it means."""
    status = str(cause.status_code) if cause.status_code is not None else cause.outcome.replace("_", " ")
    said = ": ".join(part for part in (f"{status} {cause.code}".strip(), cause.message) if part)
    meaning = meaning_of(cause.outcome, cause.status_code, cause.code)
    examples = f" E.g. {', '.join(cause.examples)}" if cause.examples else ""
    return (
        f"{grouped(cause.count):>9} × {said}",
        f"{'':>11} {meaning.sentence} {meaning.second_try}{examples}",
    )


def summary_record(summary: Summary) -> dict[str, object]:
    """The summary for ``--json``."""
    return {
        "requests": summary.requests,
        "succeeded": summary.succeeded,
        "failed": summary.failed,
        "not_run": summary.not_run,
        "missing": summary.missing,
        "foreign": summary.foreign,
        "duplicate": summary.duplicate,
        "unreadable": summary.unreadable,
        "truncated": summary.truncated,
        "usage": usage_record(summary.usage),
        "causes": [cause_record(cause) for cause in summary.causes],
    }


def cause_record(cause: Cause) -> dict[str, object]:
    """One reason for failures for ``--json``."""
    meaning = meaning_of(cause.outcome, cause.status_code, cause.code)
    return {
        "outcome": cause.outcome,
        "status_code": cause.status_code,
        "code": cause.code,
        "message": cause.message,
        "meaning": meaning.sentence,
        "count": cause.count,
        "can_pass": cause.can_pass,
        "second_try": meaning.second_try,
        "examples": list(cause.examples),
    }
