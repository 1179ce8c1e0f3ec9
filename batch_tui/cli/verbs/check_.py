"""``check``: validate input files before the service does, hours earlier."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from batch_tui.cli.arguments import add_json
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.domain.formatting import amount, plural, size
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.money import Price
from batch_tui.domain.problems import Problem, Report
from batch_tui.jsonl.checking.check import check_file

_SHOWN_PROBLEMS = 10
"""Problems of a file that somebody wanted to send; ``check`` shows them all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, and for which endpoint."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--endpoint", help="the endpoint every url must name (default: the first line's)")
    parser.add_argument("--profile", metavar="P", help="take the limits of this profile")
    parser.add_argument(
        "--no-cost",
        dest="cost",
        action="store_false",
        help="with --json: don't count tokens and reckon the cost, which takes longer than the check itself",
    )
    add_json(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Check each file; 1 when one would be refused."""
    limits, prices = profile_rules(args.profile)
    reports = [
        check_one(path, console, limits=limits, endpoint=args.endpoint, prices=prices if args.cost else None)
        for path in args.files
    ]
    return Exit.CLEAN if all(report.is_valid for report in reports) else Exit.FAILURES


def profile_rules(profile: str | None) -> tuple[Limits, Mapping[str, Price]]:
    """Limits and own prices of the named profile, else OpenAI's limits: a check needs no configuration."""
    if profile is None and not os.environ.get("BATCH_TUI_PROFILE"):
        return OPENAI_LIMITS, {}
    from batch_tui.engine.configuration.settings import Flags, load_settings  # noqa: PLC0415 - a plain check stays light

    found = load_settings(os.environ, Flags(profile=profile), needs_key=False).profile
    return found.limits, found.prices


def check_one(
    path: Path, console: Console, *, limits: Limits, endpoint: str | None, prices: Mapping[str, Price] | None
) -> Report:
    """Check one file and print what was found; with prices, for ``--json``, also what it will cost."""
    report = check_file(
        path,
        limits=limits,
        endpoint=endpoint,
        on_progress=console.progress(f"checking {path.name}"),
        wants_digest=False,
    )
    if console.is_json:
        for problem in report.problems:
            console.json(problem_record(report.path, problem))
        record = report_record(report)
        if prices is not None and report.is_valid:
            record |= _estimated(path, prices, console)
        console.json(record)
    else:
        for problem in () if _is_one_thing(report) else report.problems:
            console.data(problem_line(report.path, problem))
        console.data(verdict(report))
    return report


def problem_line(path: str, problem: Problem) -> str:
    """One problem as compilers print it: ``FILE:LINE:COLUMN: code: message hint``."""
    place = ":".join([path, *(str(n) for n in (problem.line, problem.column) if n)])
    hint = f" {problem.hint}" if problem.hint else ""
    word = "" if problem.severity == "error" else "warning: "
    return f"{place}: {word}{problem.code}: {problem.message}{hint}"


def refusal_lines(report: Report) -> Iterator[str]:
    """Why a file is not sent: its first problems, where they say more than the verdict, and the verdict."""
    for problem in () if _is_one_thing(report) else report.problems[:_SHOWN_PROBLEMS]:
        yield problem_line(report.path, problem)
    yield verdict(report)


def problem_record(path: str, problem: Problem) -> dict[str, object]:
    """One problem for ``--json``."""
    return {
        "file": path,
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
    }


def _estimated(path: Path, prices: Mapping[str, Price], console: Console) -> dict[str, object]:
    """Tokens and cost of a file: the fields of its verdict that take counting."""
    from batch_tui.cli.money import range_record  # noqa: PLC0415 - a plain check stays light
    from batch_tui.engine.money.costs import estimate_of  # noqa: PLC0415
    from batch_tui.engine.money.prices import PriceList  # noqa: PLC0415
    from batch_tui.jsonl.demand import read_demand  # noqa: PLC0415

    demands = read_demand(path, on_progress=console.progress(f"counting {path.name}"))
    estimate = estimate_of(demands, PriceList(prices))
    return {
        "tokens": estimate.input_tokens,
        "tokens_exact": estimate.is_exact,
        "cost": None if estimate.range is None else range_record(estimate.range),
    }


def report_record(report: Report) -> dict[str, object]:
    """The verdict for ``--json``; the tokens estimated from bytes, the cost not reckoned."""
    return {
        "file": report.path,
        "requests": report.requests,
        "bytes": report.bytes,
        "endpoint": report.endpoint,
        "model": report.model,
        "tokens": report.tokens_estimate,
        "tokens_exact": False,
        "cost": None,
        "problems": report.errors + report.warnings,
        "counts": dict(report.counts),
        "valid": report.is_valid,
    }


def _is_one_thing(report: Report) -> bool:
    """True when one sentence says more than a thousand lines that all have the same wrong with them."""
    return report.wants_wrapping or report.holds_results


def verdict(report: Report) -> str:
    """The verdict in one line, with the next step where the file isn't valid."""
    facts = f"{plural(report.requests, 'request')}, {size(report.bytes)}, {report.endpoint or 'no endpoint'}"
    facts += f", {report.model or 'no model'}, ~{amount(report.tokens_estimate)} input tokens"
    if report.wants_wrapping:
        cure = f"batch-tui wrap {report.path} -o wrapped.jsonl"
        return f"{report.path}: bare request bodies ({facts}); wrap them: {cure}"
    if report.holds_results:
        return (
            f"{report.path}: results of a batch, not requests ({facts}); batch-tui retry sends what failed again"
        )
    if report.is_valid:
        notes = f", {plural(report.warnings, 'warning')}" if report.warnings else ""
        return f"{report.path}: valid ({facts}{notes})"
    hidden = report.errors + report.warnings - len(report.problems)
    more = f", {hidden:,} of them not listed" if hidden > 0 else ""
    return f"{report.path}: {plural(report.errors, 'error')}{more} ({facts})"
