"""The first page of what a batch brought back, shown while the whole is still on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import NotFoundError
from batch_tui.domain.files import FileStart
from batch_tui.engine.configuration.paths import directory_name
from batch_tui.engine.kit import Kit, patiently
from batch_tui.jsonl.output import new_output
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults

MOST_BYTES = 512 * 1024
"""Bytes that are read of each file at most: two seconds on a slow line."""
_DELAYS = (1.0,)
"""One second try: the whole file is fetched afterwards anyway, with all patience."""


class FirstResults(Struct, frozen=True):
    """The first rows of the results of a batch, or of several as one."""

    joined: JoinedResults
    """In the order the service wrote them, the answers before the errors; without the requests."""
    is_whole: bool
    """True when nothing else came back."""


async def first_results(
    kit: Kit, folder_of: Callable[[Batch], Path], batches: Sequence[Batch], count: int
) -> FirstResults:
    """Fetch the first result lines of some batches, with at most one short download for each of their files.

    Args:
        kit: The parts shared by all actions.
        folder_of: Where a batch's lines are kept, for a join reads its rows from files.
        batches: Batches that name their files; the parts of a group first, then its retries, oldest first.
        count: How many lines are enough.

    Raises:
        NotFoundError: None of them names a file.
        ServiceError: A file can't be had.
        TransferStalledError: No byte came.
        OutputFileError: The folder can't be written.
    """
    wanted, is_whole = count, all(batch.is_terminal for batch in batches)
    results: list[list[Path]] = []
    for batch in batches:
        paths: list[Path] = []
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            if wanted <= 0:
                is_whole = False
                break
            start = await _start(kit, file_id, wanted)
            path = folder_of(batch) / f"first_{directory_name(file_id)}.jsonl"
            await asyncio.to_thread(_write, path, start.content)
            paths.append(path)
            wanted -= len(start.content.rstrip(b"\n").split(b"\n")) if start.content else 0
            is_whole = is_whole and start.is_whole
        results.append(paths)
    if not any(results):
        raise NotFoundError(f"{batches[0].name if batches else 'It'} has no results yet.")
    return FirstResults(await asyncio.to_thread(join_results, results), is_whole)


async def _start(kit: Kit, file_id: str, lines: int) -> FileStart:
    return await patiently(
        kit,
        lambda: kit.service.read_start(file_id, lines=lines, most_bytes=MOST_BYTES),
        delays=_DELAYS,
        is_transfer=True,
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_output(path, overwrite=True) as output:
        output.write(content)
