"""``files``: what the service keeps for the account."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from batch_tui.cli.arguments import add_json, add_profile
from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.session import open_cockpit, run_async
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.formatting import duration, plural, size
from batch_tui.engine.cockpit import Cockpit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which files."""
    parser.add_argument("action", choices=("list", "upload", "delete"))
    parser.add_argument("names", nargs="*", metavar="FILE|ID", help="local files to upload, ids to delete")
    parser.add_argument("--purpose", help="list only files of this purpose (batch, batch_output)")
    parser.add_argument("--yes", action="store_true", help="delete without being asked")
    add_json(parser)
    add_profile(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """List, upload or delete."""
    if (args.action == "list") == bool(args.names):
        raise ConfigurationError("files upload takes local files, files delete takes ids, files list takes none.")
    return run_async(lambda: _files(args, console))


async def _files(args: argparse.Namespace, console: Console) -> int:
    async with open_cockpit(args, console) as cockpit:
        match args.action:
            case "list":
                await _list(cockpit, args.purpose, console)
            case "upload":
                await _upload(cockpit, [Path(name) for name in args.names], console)
            case _:
                return await _delete(cockpit, args, console)
    return Exit.CLEAN


async def _list(cockpit: Cockpit, purpose: str | None, console: Console) -> None:
    files: dict[str, RemoteFile] = {}
    after: str | None = None
    while True:
        page = await cockpit.service.list_files(purpose=purpose, after=after)
        fresh = {file.id: file for file in page.files if file.id not in files}
        files |= fresh
        after = page.last_id
        if not page.has_more or not fresh or after is None:
            break
    now = time.time()
    if console.is_json:
        for file in files.values():
            console.json(file_record(file))
    elif files:
        rows = [_row(file, now) for file in files.values()]
        console.table(("ID", "PURPOSE", "SIZE", "AGE", "EXPIRES", "NAME"), rows)
    else:
        console.say("No file.")


def _row(file: RemoteFile, now: float) -> tuple[str, ...]:
    age = duration(now - file.created_at) if file.created_at is not None else "-"
    expires = duration(file.expires_at - now) if file.expires_at is not None else "-"
    return (file.id, file.purpose, size(file.bytes), age, expires, file.filename)


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
        console.data(file_id)
    return Exit.CLEAN
