"""The account's files at the service: listed whole, and those found that nobody needs."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from batch_tui.domain.errors import StateError
from batch_tui.domain.file_use import Users, orphans, unneeded, users_of_files
from batch_tui.domain.files import RemoteFile
from batch_tui.engine.monitoring.listing import list_all
from batch_tui.engine.ports import BatchService

MAX_PAGES = 1_000
"""Pages after which a listing gives up."""
GRACE = 3_600
"""Seconds in which a file without a batch is not taken for an orphan: its batch may be about to be made."""


class FileListing(Struct, frozen=True):
    """All files a service has told of."""

    files: tuple[RemoteFile, ...]
    """Each once, newest first."""
    is_complete: bool
    """False when the list ended in a way that may hide further files."""


class Leftovers(Struct, frozen=True):
    """Files that can go."""

    files: tuple[RemoteFile, ...]
    users: Users
    """Who used them."""
    looked_at: int
    """Files there are."""


async def list_files(
    service: BatchService,
    *,
    purpose: str | None = None,
    on_page: Callable[[tuple[RemoteFile, ...]], None] | None = None,
) -> FileListing:
    """All files, page by page, each once.

    Args:
        service: Who is asked.
        purpose: Only files of this purpose; None for all.
        on_page: Told everything found so far as each page comes.

    Raises:
        ServiceError: A page could not be had.
    """
    found: dict[str, RemoteFile] = {}
    after: str | None = None
    cursors: set[str] = set()
    for _page in range(MAX_PAGES):
        page = await service.list_files(purpose=purpose, after=after)
        fresh = [file for file in page.files if purpose is None or file.purpose in {purpose, ""}]
        found |= {file.id: file for file in fresh if file.id not in found}
        if on_page is not None:
            on_page(tuple(found.values()))
        if not page.has_more:
            return FileListing(tuple(found.values()), is_complete=True)
        after = page.last_id
        if after is None or after in cursors:
            break
        cursors.add(after)
    return FileListing(tuple(found.values()), is_complete=False)


async def find_leftovers(
    service: BatchService,
    *,
    now: float,
    older_than: float | None = None,
    spared: frozenset[str] = frozenset(),
) -> Leftovers:
    """Files that can go, by the whole list of batches and of files as they are now.

    Args:
        service: Who is asked.
        now: Unix seconds by the server's clock.
        older_than: Take files older than this many seconds that no live batch uses; None: only those that no batch
            refers to at all.
        spared: Ids of files that are needed although no batch names them yet: those of submits under way.

    Raises:
        ServiceError: A list could not be had.
        StateError: The list of batches is not whole: files of unknown batches would look as if nobody used them.
    """
    # Files before batches: a batch made in between protects its file.
    listing = await list_files(service)
    batches = await list_all(service)
    if not batches.is_complete:
        raise StateError("The service did not give the whole list of batches, so no file can be called unused.")
    users = users_of_files(batches.batches)
    if older_than is None:
        found = orphans(listing.files, users, before=now - GRACE, spared=spared)
    else:
        found = unneeded(listing.files, users, before=now - older_than, spared=spared)
    return Leftovers(found, users, len(listing.files))
