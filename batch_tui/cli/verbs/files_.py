"""``files``: what the service keeps for the account."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile, seconds
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, require_writable, run_async
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.file_use import Users, freed
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.formatting import duration, plural, size
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.storage import find_leftovers, list_files

_NAMED = frozenset({"upload", "delete"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which files."""
    parser.add_argument("action", choices=("list", "upload", "delete", "clean"))
    parser.add_argument("names", nargs="*", metavar="FILE|ID", help="local files to upload, ids to delete")
    parser.add_argument("--purpose", help="list only files of this purpose (batch, batch_output)")
    parser.add_argument(
        "--older-than",
        type=seconds,
        metavar="T",
        help="clean: also files of batches that have ended, when older than this (90s, 15m, 2h, 7d); "
        "without it only files that no batch refers to",
    )
    parser.add_argument("--yes", action="store_true", help="delete without being asked")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """List, upload, delete or clean up."""
    if (args.action in _NAMED) != bool(args.names):
        raise ConfigurationError(
            "files upload takes local files, files delete takes ids, files list and files clean take none."
        )
    if args.older_than is not None and args.action != "clean":
        raise ConfigurationError("--older-than belongs to files clean.")
    return run_async(lambda: _files(args, console))


async def _files(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        if args.action != "list":
            require_writable(cockpit, f"files {args.action} is left out")
        match args.action:
            case "list":
                await _list(cockpit, args.purpose, console)
            case "upload":
                await _upload(cockpit, [Path(name) for name in args.names], console)
            case "clean":
                return await _clean(cockpit, args, console)
            case _:
                return await _delete(cockpit, args, console)
    return Exit.CLEAN


async def _list(cockpit: Cockpit, purpose: str | None, console: Console) -> None:
    listing = await list_files(cockpit.service, purpose=purpose)
    if not listing.is_complete:
        console.say("The service did not give the whole list.")
    now = time.time()
    if console.is_json:
        for file in listing.files:
            console.json(file_record(file))
    elif listing.files:
        rows = [_row(file, now) for file in listing.files]
        console.table(("ID", "PURPOSE", "SIZE", "AGE", "EXPIRES", "NAME"), rows)
    else:
        console.say("No file.")


def _row(file: RemoteFile, now: float) -> tuple[str, ...]:
    expires = duration(file.expires_at - now) if file.expires_at is not None else "-"
    return (file.id, file.purpose, size(file.bytes), _age(file, now), expires, file.filename)


def _age(file: RemoteFile, now: float) -> str:
    return duration(now - file.created_at) if file.created_at is not None else "-"


def file_record(file: RemoteFile) -> dict[str, object]:
    """A file under the API's own field names, for ``--json``."""
    return {
        "id": file.id,
        "object": "file",
        "filename": file.filename,
        "bytes": file.bytes,
        "purpose": file.purpose,
        "created_at": file.created_at,
        "expires_at": file.expires_at,
    }


async def _upload(cockpit: Cockpit, paths: list[Path], console: Console) -> None:
    for path in paths:
        file = await cockpit.service.upload_file(
            path, name=path.name, on_progress=console.progress(f"uploading {path.name}")
        )
        if console.is_json:
            console.json(file_record(file))
        else:
            console.data(file.id)


async def _delete(cockpit: Cockpit, args: argparse.Namespace, console: Console) -> int:
    if not args.yes and not console.ask(
        f"Delete {plural(len(args.names), 'remote file')}? They are gone for good. [y/N]"
    ):
        console.say("Nothing was deleted. To delete without being asked: --yes")
        return Exit.USAGE
    for file_id in args.names:
        await cockpit.service.delete_file(file_id)
        if console.is_json:
            console.json({"id": file_id, "deleted": True})
        else:
            console.data(file_id)
    return Exit.CLEAN


async def _clean(cockpit: Cockpit, args: argparse.Namespace, console: Console) -> int:
    """Show what can go and what that frees, ask for the number, delete."""
    now = time.time()
    spared = frozenset(submit.file_id for submit in cockpit.submitter.pending() if submit.file_id)
    found = await find_leftovers(cockpit.service, now=now, older_than=args.older_than, spared=spared)
    if not found.files:
        console.say(f"Nothing to clean: {plural(found.looked_at, 'file')} at the service.")
        return Exit.CLEAN
    if not console.is_json:
        rows = [_leftover(file, found.users, now) for file in found.files]
        console.table(("ID", "PURPOSE", "SIZE", "AGE", "USED BY", "NAME"), rows)
    number = len(found.files)
    what = f"{plural(number, 'remote file')}, {size(freed(found.files))}"
    if not args.yes and not console.ask(f"Delete {what}? Gone for good. Type {number}:", answer=str(number)):
        console.say(f"Nothing was deleted: {what} could go. To delete without being asked: --yes")
        return Exit.USAGE
    for file in found.files:
        await cockpit.service.delete_file(file.id)
        if console.is_json:
            console.json({**file_record(file), "deleted": True})
    console.say(f"Deleted {what}.")
    return Exit.CLEAN


def _leftover(file: RemoteFile, users: Users, now: float) -> tuple[str, ...]:
    names = ", ".join(batch.name for batch in users.get(file.id, ())) or "-"
    return (file.id, file.purpose, size(file.bytes), _age(file, now), names, file.filename)
