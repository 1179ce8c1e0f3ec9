"""Which batches use a remote file, and which files nobody needs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from batch_tui.domain.batch import Batch
from batch_tui.domain.files import RemoteFile

PURPOSES = frozenset({"batch", "batch_output"})
"""What the Batch API's own files are called; files of another purpose are never anybody's orphans here."""

Users = Mapping[str, tuple[Batch, ...]]
"""By file id, the batches that refer to it."""


def users_of_files(batches: Iterable[Batch]) -> Users:
    """The batches that refer to each file, as input, output or errors."""
    found: defaultdict[str, list[Batch]] = defaultdict(list)
    for batch in batches:
        for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id):
            if file_id:
                found[file_id].append(batch)
    return {file_id: tuple(users) for file_id, users in found.items()}


def orphans(
    files: Iterable[RemoteFile], users: Users, *, before: float, spared: AbstractSet[str] = frozenset()
) -> tuple[RemoteFile, ...]:
    """Files of batches that no known batch refers to.

    Args:
        files: All files.
        users: Of the whole account: of a part, files of unknown batches would look like orphans.
        before: Unix seconds; younger files, and files of unknown age, may be somebody's who is about to submit.
        spared: Ids that are needed all the same.
    """
    return tuple(file for file in _old(files, before) if file.id not in users and file.id not in spared)


def unneeded(
    files: Iterable[RemoteFile], users: Users, *, before: float, spared: AbstractSet[str] = frozenset()
) -> tuple[RemoteFile, ...]:
    """Files of batches that no live batch uses: orphans, and files of batches that have ended.

    Args:
        files: All files.
        users: Of the whole account.
        before: Unix seconds; only files created earlier are given.
        spared: Ids that are needed all the same.
    """
    return tuple(
        file
        for file in _old(files, before)
        if file.id not in spared and all(batch.is_terminal for batch in users.get(file.id, ()))
    )


def freed(files: Iterable[RemoteFile]) -> int:
    """Bytes that deleting these frees; files of unknown size count nothing."""
    return sum(file.bytes or 0 for file in files)


def _old(files: Iterable[RemoteFile], before: float) -> Iterable[RemoteFile]:
    return (
        file
        for file in files
        if file.purpose in PURPOSES and file.created_at is not None and file.created_at < before
    )
