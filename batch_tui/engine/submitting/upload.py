"""Input files on their way to the service.

An upload whose reply was lost is simply made again: a file that lies there twice costs nothing and expires by
itself, while only the file that a batch names is ever used. While the service is away one try a minute is made,
and the upload goes on within seconds of its return.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import RemoteFile
from batch_tui.engine.kit import Kit, patiently
from batch_tui.engine.outage import Outage
from batch_tui.engine.ports import OnProgress

UPLOAD_DELAYS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between the tries of an upload."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]+")
_NAME_LIMIT = 120


async def upload(
    kit: Kit,
    path: Path,
    *,
    sha256: str | None = None,
    expires_after: int | None = None,
    on_progress: OnProgress | None = None,
    on_away: Callable[[BatchTuiError], None] | None = None,
) -> RemoteFile:
    """Send a local file with purpose ``batch``; tried again while that may help.

    Args:
        kit: The parts shared by all actions.
        path: The local file.
        sha256: What its bytes must hash to, or None when it was not checked.
        expires_after: Seconds the service keeps it, or None for its default.
        on_progress: Told how many bytes are on the wire.
        on_away: Told why, whenever the upload begins to wait for a service that is away.

    Raises:
        ServiceError: The last error.
        TransferStalledError: No byte moved, at the last try.
        InputFileError: The file can't be read, or is not what was checked.
    """

    async def once() -> RemoteFile:
        return await kit.service.upload_file(
            path,
            name=remote_name(path),
            sha256=sha256,
            expires_after=expires_after,
            on_progress=on_progress,
        )

    def told(error: BatchTuiError) -> None:
        if on_away is not None:
            on_away(error)

    outage = Outage(kit.service, kit.sleep, told=told)
    return await patiently(kit, once, delays=UPLOAD_DELAYS, is_transfer=True, outage=outage)


def remote_name(path: Path) -> str:
    """The name the service is told: plain characters, ending in ``.jsonl``."""
    stem = path.name.removesuffix(".jsonl").encode("ascii", "replace").decode().replace("?", "_")
    clean = _UNSAFE.sub("_", stem)[:_NAME_LIMIT].strip(". ")
    return f"{clean or 'input'}.jsonl"
