"""Which batches use a remote file, and which files nobody needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch
from batch_tui.domain.file_use import freed, orphans, unneeded, users_of_files
from batch_tui.domain.files import RemoteFile
from tests.support.batches import BATCHES, NOON

FILES = st.lists(
    st.builds(
        RemoteFile,
        id=st.sampled_from(["out", "err", "a", "b"]),
        bytes=st.none() | st.integers(0, 10**9),
        purpose=st.sampled_from(["batch", "batch_output", "fine-tune", ""]),
        created_at=st.none() | st.integers(0, 4 * 10**9),
    ),
    max_size=6,
)


@given(FILES, st.lists(BATCHES, max_size=4))
def test_no_file_of_a_live_batch_is_ever_unneeded(files: list[RemoteFile], batches: list[Batch]) -> None:
    users = users_of_files(batches)
    gone = {file.id for file in unneeded(files, users, before=float("inf"))}
    for batch in batches:
        if not batch.is_terminal:
            assert not gone & {batch.input_file_id, batch.output_file_id, batch.error_file_id}


@given(FILES, st.lists(BATCHES, max_size=4))
def test_orphans_are_unneeded_and_used_by_nobody(files: list[RemoteFile], batches: list[Batch]) -> None:
    users = users_of_files(batches)
    found = orphans(files, users, before=NOON)
    assert set(found) <= set(unneeded(files, users, before=NOON))
    assert all(file.id not in users and file.purpose.startswith("batch") for file in found)
    assert all(file.created_at is not None and file.created_at < NOON for file in found)


def test_spared_files_and_files_of_unknown_age_stay() -> None:
    files = [RemoteFile("a", "a", 5, "batch", 1), RemoteFile("b", "b", 5, "batch", None)]
    assert orphans(files, {}, before=NOON, spared={"a"}) == ()
    assert unneeded(files, {}, before=NOON, spared={"a"}) == ()
    assert orphans(files, {}, before=NOON) == (files[0],)


def test_what_is_freed_counts_known_sizes_only() -> None:
    assert freed([RemoteFile("a", bytes=5), RemoteFile("b", bytes=None)]) == 5
