"""``submit``: check, upload, create; at most one batch per file, whatever the network does."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile, pair, seconds
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, record, run_async
from batch_tui.cli.verbs.check_ import problem_line, verdict
from batch_tui.cli.verbs.watch_ import follow
from batch_tui.domain.problems import Report
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.submit import Phase, Submission, SubmitOrder

_SHOWN_PROBLEMS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, as what."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--endpoint", help="default: the url of the request lines")
    parser.add_argument("--name", help="what to call the batch (kept in its metadata; default: the file's name)")
    parser.add_argument(
        "--metadata", action="append", type=pair, default=[], metavar="K=V", help="may be given several times"
    )
    parser.add_argument("--expires", type=seconds, metavar="T", help="keep the output file this long (1h to 30d)")
    parser.add_argument("--wait", action="store_true", help="wait for the end; exit code as of the verb wait")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Submit each file and print the batch ids."""
    return run_async(lambda: _submit(args, console))


async def _submit(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        for settled in await cockpit.submitter.recover():
            console.say(f"From an earlier run: {settled.message}")
        reports = [await _check(cockpit, path, args.endpoint, console) for path in args.files]
        if not all(report.is_valid for report in reports):
            console.say("Nothing was sent.")
            return Exit.FAILURES
        codes: list[int] = []
        ids: list[str] = []
        for report in reports:
            submission = await cockpit.submitter.submit(_order(args, report), on_step=_talk(console, report))
            codes.append(_show(cockpit, submission, console))
            ids += [submission.batch.id] if submission.batch else []
        if args.wait and ids:
            codes.append(await follow(cockpit, ids, Console(is_json=False, out=console.err, err=console.err)))
    return max(codes)


async def _check(cockpit: Cockpit, path: Path, endpoint: str | None, console: Console) -> Report:
    from batch_tui.jsonl.check import check_file  # noqa: PLC0415 - beside the loop, in a thread

    limits = cockpit.settings.profile.limits
    report = await asyncio.to_thread(check_file, path, limits=limits, endpoint=endpoint)
    if not report.is_valid:
        for problem in report.problems[:_SHOWN_PROBLEMS]:
            console.say(problem_line(report.path, problem))
        console.say(verdict(report))
    return report


def _order(args: argparse.Namespace, report: Report) -> SubmitOrder:
    path = Path(report.path)
    return SubmitOrder(
        path=path,
        report=report,
        endpoint=args.endpoint or report.endpoint or "",
        name=args.name or path.stem,
        metadata=dict(args.metadata),
        expires_after=args.expires,
    )


def _talk(console: Console, report: Report) -> Callable[[Submission], None]:
    show = console.progress(f"uploading {Path(report.path).name}")

    def step(submission: Submission) -> None:
        if submission.progress is not None:
            show(submission.progress)

    return step


def _show(cockpit: Cockpit, submission: Submission, console: Console) -> int:
    if submission.phase is Phase.SUBMITTED and submission.batch is not None:
        if console.is_json:
            console.json(record(cockpit, submission.batch, time.time()))
        else:
            console.data(submission.batch.id)
        return Exit.CLEAN
    console.say(submission.message)
    return Exit.SERVICE
