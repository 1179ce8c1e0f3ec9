"""``queue``: what waits for room at the service, and why; ``submit --queue`` sends it."""

from __future__ import annotations

import argparse

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.formatting import amount, grouped, plural
from batch_tui.domain.lineage import GROUP_KEY
from batch_tui.domain.queueing import QueueEntry, QueueStage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with it."""
    parser.add_argument(
        "--drop",
        metavar="ID",
        nargs="+",
        default=[],
        help="take these entries out, or all of a group; nothing is sent",
    )
    parser.add_argument("--yes", action="store_true", help="don't ask")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print a line for each entry, oldest first."""
    return run_async(lambda: _queue(args, console))


async def _queue(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        entries = await cockpit.queue.entries()
        if not args.drop:
            show_entries(entries, console)
            return Exit.CLEAN
        chosen = _chosen(entries, args.drop)
        sendable = [entry for entry in chosen if entry.stage in {QueueStage.WAITING, QueueStage.FAILED}]
        if not args.yes and sendable and not console.ask(f"Drop {plural(len(sendable), 'file')} unsent? [y/N]"):
            console.say("Nothing was dropped. To drop without being asked: --yes")
            return Exit.USAGE
        dropped = await cockpit.queue.drop(sendable)
    for entry in dropped:
        if console.is_json:
            console.json(entry_record(entry))
        else:
            console.data(entry.id)
    if len(dropped) < len(chosen):
        console.say(f"{plural(len(chosen) - len(dropped), 'file')} left: being sent, or at the service already.")
    return Exit.CLEAN if len(dropped) == len(chosen) else Exit.FAILURES


def _chosen(entries: tuple[QueueEntry, ...], names: list[str]) -> list[QueueEntry]:
    """The entries that are named, by themselves or by their group."""
    chosen = [entry for entry in entries if entry.id in names or entry.metadata.get(GROUP_KEY) in names]
    known = {entry.id for entry in chosen} | {entry.metadata.get(GROUP_KEY) for entry in chosen}
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise ConfigurationError(f"Nothing in the queue is called {unknown}; batch-tui queue lists what waits.")
    return chosen


def show_entries(entries: tuple[QueueEntry, ...], console: Console) -> None:
    """The queue, oldest first."""
    if console.is_json:
        for entry in entries:
            console.json(entry_record(entry))
    elif entries:
        console.table(
            ("id", "name", "stage", "requests", "tokens", "model", "why"),
            [
                (
                    entry.id,
                    entry.name or "",
                    entry.stage,
                    grouped(entry.requests),
                    amount(entry.tokens),
                    entry.model,
                    entry.reason,
                )
                for entry in entries
            ],
        )
    else:
        console.say("The queue is empty.")


def entry_record(entry: QueueEntry) -> dict[str, object]:
    """One entry for ``--json``."""
    return {
        "id": entry.id,
        "name": entry.name,
        "path": entry.path,
        "stage": entry.stage,
        "reason": entry.reason or None,
        "requests": entry.requests,
        "tokens": entry.tokens,
        "model": entry.model or None,
        "endpoint": entry.endpoint,
        "metadata": dict(entry.metadata),
        "created_at": int(entry.created_at),
        "not_before": int(entry.not_before) or None,
        "refusals": entry.refusals,
        "batch_id": entry.batch_id,
    }
