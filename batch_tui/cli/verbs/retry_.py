"""``retry``: the requests worth sending again, as a file or sent."""

from __future__ import annotations

import argparse
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.confirm import too_costly
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, require_writable, run_async
from batch_tui.cli.verbs.check_ import refusal_lines
from batch_tui.cli.verbs.submit_ import send_by_queue, show
from batch_tui.domain.formatting import grouped, plural
from batch_tui.domain.lines import Cause, Outcome
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.engine.queueing.parts import is_only_too_large
from batch_tui.engine.results.resubmit import RetryPlan
from batch_tui.jsonl.rewriting.edit import REMOVED, Changes, check_place, read_change


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which batch, to where."""
    parser.add_argument("id", metavar="ID", help="a batch, or a group for all its parts")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the retry set here")
    parser.add_argument("--submit", action="store_true", help="send it as a new batch")
    parser.add_argument("--include-permanent", action="store_true", help="also requests that can't pass unchanged")
    parser.add_argument(
        "--set",
        action="append",
        dest="changes",
        default=[],
        metavar="FIELD=VALUE",
        help="set a field of every request anew, e.g. body.max_tokens=2000; may be given several times",
    )
    parser.add_argument(
        "--unset", action="append", default=[], metavar="FIELD", help="take a field away, e.g. body.temperature"
    )
    parser.add_argument(
        "--queue", action="store_true", help="with --submit: hold it back until the service has room, as of submit"
    )
    parser.add_argument("--yes", action="store_true", help="don't ask, whatever it costs")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Make the retry set and, if asked, send it."""
    changes = changes_of(args)
    return run_async(lambda: _retry(args, changes, console))


def changes_of(args: argparse.Namespace) -> Changes:
    """The fields to change, as the arguments say."""
    changes = dict(read_change(text) for text in args.changes)
    for place in args.unset:
        check_place(place)
        changes[place] = REMOVED
    return changes


async def _retry(args: argparse.Namespace, changes: Changes, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        if args.submit:
            require_writable(cockpit, "nothing is submitted")
        listing = await list_all(cockpit.service)
        plan = await cockpit.resubmitter.plan(
            args.id,
            batches=listing.batches,
            destination=args.output,
            include_permanent=args.include_permanent,
            changes=changes,
            on_progress=console.progress("looking for what can pass"),
        )
        _tell_left_out(plan, console)
        if plan.kept == 0:
            console.say(f"Nothing to send again: {plan.why_nothing()}.")
            return Exit.CLEAN
        console.say(kept_line(plan))
        if plan.report is not None and not plan.report.is_valid and not is_only_too_large(plan.report):
            for line in refusal_lines(plan.report):
                console.say(line)
            return Exit.FAILURES
        if not args.submit:
            _show_plan(plan, console)
            return Exit.CLEAN
        refused = await too_costly(cockpit, [plan.path], console, is_meant=args.yes)
        if refused is not None:
            return refused
        if args.queue:
            return await send_by_queue(cockpit, await cockpit.groups.retry_orders(plan), console, [])
        return max([show(cockpit, one, console) for one in await cockpit.groups.send_retry(plan)])


def kept_line(plan: RetryPlan) -> str:
    """How many requests go, what is different in them, and whose answers spared the others."""
    changed = f", {plan.changed:,} of them changed" if plan.changed else ""
    others = f" (beside the answers of {plural(len(plan.others), 'other batch')})" if plan.others else ""
    return f"{plural(plan.kept, 'request')} to send again{changed}{others}."


def _show_plan(plan: RetryPlan, console: Console) -> None:
    if console.is_json:
        record = {"id": plan.parent.id, "path": str(plan.path), "requests": plan.kept, "changed": plan.changed}
        console.json({**record, "others": list(plan.others)})
    else:
        console.data(str(plan.path))


def _tell_left_out(plan: RetryPlan, console: Console) -> None:
    for cause in plan.left_out:
        console.say(f"left out: {grouped(cause.count)} × {_reason(cause)}")


def _reason(cause: Cause) -> str:
    """Why a request isn't sent again. A missing one could be, were its id its own."""
    what = str(cause.status_code or cause.outcome.replace("_", " "))
    is_repeated = cause.outcome is Outcome.MISSING and not cause.message
    said = "its custom_id is that of another line, so no answer can be matched" if is_repeated else cause.message
    return " ".join(part for part in (what, cause.code, said) if part)
