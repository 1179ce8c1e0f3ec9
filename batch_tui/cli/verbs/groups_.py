"""``groups``: split files, each as one: its parts, what of it waits, and its retries."""

from __future__ import annotations

import argparse

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import grouped, percent
from batch_tui.domain.groups import Group, Member
from batch_tui.engine.monitoring.listing import list_all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which groups."""
    parser.add_argument("id", nargs="?", metavar="GROUP", help="a group, or a batch in it: its parts and retries")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print a line for each group, newest first; for one group a line for each part and retry."""
    return run_async(lambda: show_groups(args, console))


async def show_groups(args: argparse.Namespace, console: Console) -> int:
    """Print all groups, or the one that is named."""
    async with open_cockpit(args, console) as cockpit:
        cockpit.store.apply((await list_all(cockpit.service)).batches)
        await cockpit.queue_runner.look()
        groups = cockpit.groups.all() if args.id is None else (cockpit.groups.require(args.id),)
    if console.is_json:
        for group in groups:
            console.json(group_record(group))
    elif args.id is not None:
        _show_one(groups[0], console)
    elif groups:
        console.table(("id", "name", "parts", "status", "done"), [_group_row(group) for group in groups])
    else:
        console.say("There is no group: submit --split makes one of a file that is too large for a batch.")
    return Exit.CLEAN


def _group_row(group: Group) -> tuple[str, ...]:
    waiting = f", {len(group.waiting)} waiting" if group.waiting else ""
    return group.id, group.name, f"{group.size}{waiting}", group.batch.raw_status, _done(group.batch)


def _done(batch: Batch) -> str:
    counts = batch.counts
    failed = f"  {grouped(counts.failed)} failed" if counts.failed else ""
    return f"{grouped(counts.done)}/{grouped(counts.total)} ({percent(counts.fraction)}){failed}"


def _show_one(group: Group, console: Console) -> None:
    console.data(f"{group.id}  {group.name}  {group.batch.raw_status}  {_done(group.batch)}")
    rows = [(f"part {member.place}", *_member_words(member)) for member in group.members]
    rows += [(f"part {number}/{group.size}", "", "missing", "") for number in group.missing]
    rows += [("retry", batch.id, batch.raw_status or batch.status.value, _done(batch)) for batch in group.retries]
    console.table(("what", "id", "status", "done"), rows)


def _member_words(member: Member) -> tuple[str, str, str]:
    if member.is_waiting or member.batch is None:
        entry = member.entry
        return ("", "", "") if entry is None else (entry.id, entry.stage.value, entry.reason)
    return member.batch.id, member.batch.raw_status or member.batch.status.value, _done(member.batch)


def group_record(group: Group) -> dict[str, object]:
    """One group for ``--json``: the counts over all parts, what a retry answered counted as completed."""
    counts = group.counts
    return {
        "id": group.id,
        "name": group.name,
        "status": group.batch.raw_status,
        "request_counts": {"total": counts.total, "completed": counts.completed, "failed": counts.failed},
        "parts": [
            {
                "part": str(member.place),
                "batch_id": None if member.batch is None else member.batch.id,
                "status": None if member.batch is None else member.batch.status,
                "queue_id": None if member.entry is None else member.entry.id,
                "reason": None if member.entry is None else member.entry.reason or None,
            }
            for member in group.members
        ],
        "missing": list(group.missing),
        "retries": [batch.id for batch in group.retries],
    }
