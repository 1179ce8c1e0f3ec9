"""``results``: what came back, joined by custom_id in input order."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.formatting import grouped
from batch_tui.domain.lines import Cause, Summary
from batch_tui.jsonl.join import JoinedResults, join_results

_STATUS = {"ok": "outcome:succeeded", "failed": "outcome:failed", "missing": "outcome:missing"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which results, and what of them."""
    parser.add_argument("id", nargs="?", metavar="ID", help="a batch; its files are fetched once and kept")
    parser.add_argument("--input", type=Path, metavar="F", help="local input file")
    parser.add_argument("--output", type=Path, metavar="F", help="local output file")
    parser.add_argument("--errors", type=Path, metavar="F", help="local error file")
    parser.add_argument("--summary", action="store_true", help="counts per outcome and cause, tokens")
    parser.add_argument("--status", choices=tuple(_STATUS), help="only these requests")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the rows or the summary; 1 when a request did not succeed."""
    local = [path for path in (args.output, args.errors) if path is not None]
    if bool(args.id) == bool(local):
        raise ConfigurationError("Name a batch, or local files with --output and --errors; not both.")
    if local:
        return show(join_results([local], input_path=args.input), args, console)
    return run_async(lambda: _results(args, console))


async def _results(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        collected = await cockpit.collector.collect(args.id, on_progress=console.progress("downloading"))
        input_path = args.input or cockpit.collector.input_path(collected.batch)
        if input_path is None:
            input_path = await cockpit.collector.fetch_input(collected.batch)
        files = [path for path in (collected.output, collected.errors) if path is not None]
        joined = await asyncio.to_thread(join_results, [files], input_path=input_path)
        return show(joined, args, console)


def show(joined: JoinedResults, args: argparse.Namespace, console: Console) -> int:
    """Print what was asked for."""
    summary = joined.summary
    if args.summary:
        _show_summary(summary, console)
    else:
        _show_rows(joined, args.status, console)
    return Exit.CLEAN if summary.succeeded == summary.requests else Exit.FAILURES


def _show_rows(joined: JoinedResults, status: str | None, console: Console) -> None:
    wanted = joined.select(_STATUS[status]) if status else range(len(joined))
    for index in wanted:
        row = joined.row(index)
        if console.is_json:
            console.json(
                {
                    "custom_id": row.custom_id,
                    "outcome": row.outcome,
                    "status_code": row.status_code,
                    "code": row.code or None,
                    "message": row.message or None,
                    "finish_reason": row.finish_reason or None,
                },
            )
        else:
            code = "" if row.status_code is None else str(row.status_code)
            console.data(f"{row.custom_id}  {row.outcome}  {code}  {row.code}  {row.message}".rstrip())


def _show_summary(summary: Summary, console: Console) -> None:
    if console.is_json:
        console.json(summary_record(summary))
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
    for cause in summary.causes:
        console.data(cause_line(cause))


def cause_line(cause: Cause) -> str:
    """One reason for failures in one line."""
    status = str(cause.status_code) if cause.status_code is not None else cause.outcome.replace("_", " ")
    again = "may pass when sent again" if cause.can_pass else "will not pass unchanged"
    examples = ", ".join(cause.examples)
    return f"{grouped(cause.count):>9} × {status} {cause.code}: {cause.message} ({again}; e.g. {examples})"


def summary_record(summary: Summary) -> dict[str, object]:
    """The summary for ``--json``."""
    usage = summary.usage
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
        "usage": {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        },
        "causes": [
            {
                "outcome": cause.outcome,
                "status_code": cause.status_code,
                "code": cause.code,
                "message": cause.message,
                "count": cause.count,
                "can_pass": cause.can_pass,
                "examples": list(cause.examples),
            }
            for cause in summary.causes
        ],
    }
