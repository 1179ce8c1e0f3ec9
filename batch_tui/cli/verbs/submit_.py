"""``submit``: check, upload, create; at most one batch per file, whatever the network does."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from batch_tui.cli.again import objection
from batch_tui.cli.arguments import add_json, add_profile, pair, seconds
from batch_tui.cli.confirm import too_costly
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit, exit_for
from batch_tui.cli.session import open_cockpit, record, require_writable, run_async
from batch_tui.cli.verbs.check_ import refusal_lines
from batch_tui.cli.verbs.watch_ import follow
from batch_tui.domain.errors import ConfigurationError, ServiceError, UnreachableError
from batch_tui.domain.formatting import plural
from batch_tui.domain.limits import expiry_problem
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.queueing.parts import is_only_too_large
from batch_tui.engine.queueing.queue_store import waiting_line
from batch_tui.engine.submitting.submit import Phase, Submission, SubmitOrder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which files, as what."""
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--endpoint", help="default: the url of the request lines")
    parser.add_argument("--name", help="what to call the batch (kept in its metadata; default: the file's name)")
    parser.add_argument(
        "--metadata", action="append", type=pair, default=[], metavar="K=V", help="may be given several times"
    )
    parser.add_argument("--expires", type=seconds, metavar="T", help="keep the output file this long (1h to 30d)")
    parser.add_argument(
        "--split", action="store_true", help="submit a file that is over the limits as a group of parts"
    )
    parser.add_argument(
        "--queue",
        action="store_true",
        help="hold files back while the model's queue of tokens or the hour's batches are used up, and send them "
        "when there is room; without FILE: go on with what an earlier run left waiting",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="don't ask when the very same bytes were, or may have been, sent before",
    )
    parser.add_argument("--yes", action="store_true", help="don't ask, whatever it costs")
    parser.add_argument("--wait", action="store_true", help="wait for the end; exit code as of the verb wait")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Submit each file and print the batch ids."""
    if not args.files and not args.queue:
        raise ConfigurationError("Name the files to submit, or give --queue to go on with those that wait.")
    return run_async(lambda: _submit(args, console))


async def _submit(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        _require_possible(cockpit, args)
        found = await _recovered(cockpit, console)
        reports = [await _check(cockpit, path, args, console) for path in args.files]
        if not all(report.is_valid for report in reports):
            console.say("Nothing was sent.")
            return Exit.FAILURES
        # Before anything is split: a no leaves nothing behind.
        paths = [Path(report.path) for report in reports if report.sha256 not in found]
        refused = await too_costly(cockpit, paths, console, is_meant=args.yes)
        if refused is not None:
            return refused
        orders = await _orders(cockpit, reports, args, console)
        ids: list[str] = []
        if not args.again:
            orders = _not_found(cockpit, orders, found, console, ids)
        refused = objection(cockpit.submitter, orders, console, is_meant=args.again)
        if refused is not None:
            return refused
        send = send_by_queue if args.queue else _send
        codes = [await send(cockpit, orders, console, ids)]
        if args.wait and ids:
            codes.append(await follow(cockpit, ids, Console(is_json=False, out=console.err, err=console.err)))
    return max(codes)


def _require_possible(cockpit: Cockpit, args: argparse.Namespace) -> None:
    """Stop before anything is looked at, split or sent."""
    require_writable(cockpit, "nothing is submitted")
    problem = expiry_problem(args.expires, cockpit.settings.profile.limits)
    if problem is not None:
        raise ConfigurationError(f"--expires: {problem}")


async def _recovered(cockpit: Cockpit, console: Console) -> dict[str, Submission]:
    """What an earlier run did not come to settle; by checksum what turned out to be submitted."""
    found: dict[str, Submission] = {}
    for settled in await cockpit.submitter.recover():
        operation, batch = settled.operation, settled.batch
        if operation is not None and batch is not None and settled.phase is Phase.SUBMITTED:
            found[operation.sha256] = settled
            console.say(f"From an earlier run: {operation.path} was submitted, as {batch.id}.")
        else:
            console.say(f"From an earlier run: {settled.message}")
    return found


def _not_found(
    cockpit: Cockpit,
    orders: Sequence[SubmitOrder],
    found: Mapping[str, Submission],
    console: Console,
    ids: list[str],
) -> list[SubmitOrder]:
    """Orders still to be sent: a run that was cut short and is made again wants one batch, not two."""
    left: list[SubmitOrder] = []
    for order in orders:
        made = found.get(order.report.sha256)
        if made is None or made.batch is None:
            left.append(order)
        else:
            show(cockpit, made, console)
            ids.append(made.batch.id)
    return left


async def _orders(
    cockpit: Cockpit, reports: Sequence[Report], args: argparse.Namespace, console: Console
) -> list[SubmitOrder]:
    """What is sent: a file as one order, or as one for each of its parts."""
    orders: list[SubmitOrder] = []
    for report in reports:
        order = _order(args, report, cockpit.settings.profile.completion_window)
        if not args.split:
            orders.append(order)
            continue
        parted = await cockpit.parts.parted(
            order,
            max_tokens=await cockpit.token_limits.for_model(report.model or ""),
            on_progress=console.progress("splitting"),
        )
        if parted.group is not None:
            console.say(f"{order.path.name}: {plural(len(parted.orders), 'part')}, group {parted.group}")
        orders += parted.orders
    return orders


async def _send(cockpit: Cockpit, orders: Sequence[SubmitOrder], console: Console, ids: list[str]) -> int:
    codes: list[int] = []
    for order in orders:
        step = _talk(console, order.report)
        doubt = cockpit.submitter.in_doubt(order.report.sha256, order.endpoint)
        if doubt is None:
            submission = await cockpit.submitter.submit(order, on_step=step)
        else:
            submission = await cockpit.submitter.resubmit(doubt.intent, on_step=step)
        codes.append(show(cockpit, submission, console))
        ids += [submission.batch.id] if submission.batch else []
    return max(codes, default=Exit.CLEAN)


async def send_by_queue(cockpit: Cockpit, orders: Sequence[SubmitOrder], console: Console, ids: list[str]) -> int:
    """Put the orders in the queue and send what waits there; prints an id when the service has taken its batch.

    What may have been sent before is no matter of room: it is settled at once.
    """
    doubtful = [o for o in orders if cockpit.submitter.in_doubt(o.report.sha256, o.endpoint) is not None]
    code = await _send(cockpit, doubtful, console, ids)
    await cockpit.queue.add([order for order in orders if order not in doubtful])

    def told(entry: QueueEntry) -> None:
        if entry.stage is QueueStage.TAKEN and entry.batch_id is not None:
            ids.append(entry.batch_id)
            if console.is_json:
                console.json(_taken(cockpit, entry))
            else:
                console.data(entry.batch_id)
        elif entry.reason:
            console.say(waiting_line(entry))

    try:
        entries = await cockpit.queue.run(on_change=told)
    except (asyncio.CancelledError, ServiceError):
        held = [entry for entry in await cockpit.queue.entries() if entry.is_open]
        if held:
            console.say(
                f"{plural(len(held), 'file')} still in the queue; batch-tui submit --queue goes on with them."
            )
        raise
    left = [entry for entry in entries if entry.stage is not QueueStage.TAKEN]
    if not entries and not doubtful:
        console.say("The queue is empty.")
    return max(code, Exit.SERVICE if left else Exit.CLEAN)


def _taken(cockpit: Cockpit, entry: QueueEntry) -> dict[str, object]:
    batch = cockpit.store.get(entry.batch_id or "")
    return {"id": entry.batch_id} if batch is None else record(cockpit, batch, time.time())


async def _check(cockpit: Cockpit, path: Path, args: argparse.Namespace, console: Console) -> Report:
    from batch_tui.jsonl.checking.check import check_file  # noqa: PLC0415 - beside the loop, in a thread

    show = console.progress(f"checking {path.name}")
    if args.split:
        report = await cockpit.parts.check_whole(path, endpoint=args.endpoint, on_progress=show)
    else:
        limits = cockpit.settings.profile.limits
        report = await asyncio.to_thread(check_file, path, limits=limits, endpoint=args.endpoint, on_progress=show)
    if not report.is_valid:
        for line in refusal_lines(report):
            console.say(line)
        if is_only_too_large(report):
            console.say(f"In parts it can be sent: batch-tui submit --split {report.path}")
    return report


def _order(args: argparse.Namespace, report: Report, window: str) -> SubmitOrder:
    path = Path(report.path)
    return SubmitOrder(
        path=path,
        report=report,
        endpoint=args.endpoint or report.endpoint or "",
        name=args.name or path.stem,
        metadata=dict(args.metadata),
        completion_window=window,
        expires_after=args.expires,
    )


def _talk(console: Console, report: Report) -> Callable[[Submission], None]:
    show = console.progress(f"uploading {Path(report.path).name}")

    def step(submission: Submission) -> None:
        if submission.phase is Phase.UPLOADING and submission.message:
            console.say(submission.message)
        if submission.progress is not None:
            show(submission.progress)

    return step


def show(cockpit: Cockpit, submission: Submission, console: Console) -> int:
    """Print the batch that was made, or why there is none that is known; gives what that says to a script."""
    if submission.phase is Phase.SUBMITTED and submission.batch is not None:
        if console.is_json:
            console.json(record(cockpit, submission.batch, time.time()))
        else:
            console.data(submission.batch.id)
        return Exit.CLEAN
    console.say(submission.message)
    if console.is_json:
        console.json(_without_batch(submission))
    if submission.phase is Phase.FAILED and isinstance(submission.error, UnreachableError):
        console.say("No batch was made; batch-tui doctor looks for the cause.")
    return Exit.SERVICE if submission.error is None else exit_for(submission.error)


def _without_batch(submission: Submission) -> dict[str, object]:
    operation = submission.operation
    return {
        "id": None,
        "path": None if operation is None else operation.path,
        "intent": submission.intent,
        "state": submission.phase.value,
        "message": submission.message,
    }
