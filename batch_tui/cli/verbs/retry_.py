"""``retry``: the requests worth sending again, as a file or sent."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, record, run_async
from batch_tui.domain.formatting import grouped, plural
from batch_tui.engine.resubmit import RetryPlan
from batch_tui.engine.submit import Phase, Submission


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which batch, to where."""
    parser.add_argument("id", metavar="ID")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the retry set here")
    parser.add_argument("--submit", action="store_true", help="send it as a new batch")
    parser.add_argument("--include-permanent", action="store_true", help="also requests that can't pass unchanged")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Make the retry set and, if asked, send it."""
    return run_async(lambda: _retry(args, console))


async def _retry(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        plan = await cockpit.resubmitter.plan(
            args.id,
            destination=args.output,
            include_permanent=args.include_permanent,
        )
        _tell_left_out(plan, console)
        if plan.kept == 0:
            console.say("Nothing to send again.")
            return Exit.CLEAN
        console.say(f"{plural(plan.kept, 'request')} to send again.")
        if not args.submit:
            _show_plan(plan, console)
            return Exit.CLEAN
        submission = await cockpit.resubmitter.send(plan)
        if submission.phase is Phase.SUBMITTED and submission.batch is not None and console.is_json:
            console.json(record(cockpit, submission.batch, time.time()))
            return Exit.CLEAN
        return _show_sent(submission, console)


def _show_plan(plan: RetryPlan, console: Console) -> None:
    if console.is_json:
        console.json({"id": plan.parent.id, "path": str(plan.path), "requests": plan.kept})
    else:
        console.data(str(plan.path))


def _tell_left_out(plan: RetryPlan, console: Console) -> None:
    for cause in plan.left_out:
        console.say(f"left out: {grouped(cause.count)} × {cause.status_code or ''} {cause.code} {cause.message}")


def _show_sent(submission: Submission, console: Console) -> int:
    if submission.phase is Phase.SUBMITTED and submission.batch is not None:
        console.data(submission.batch.id)
        return Exit.CLEAN
    console.say(submission.message)
    return Exit.SERVICE
