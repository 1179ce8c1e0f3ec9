from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.errors import InputFileError
from batch_tui.jsonl.rewriting.concat import concatenate
from batch_tui.jsonl.rewriting.split import split_file

lines = st.lists(st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=12)


@given(content=lines, most=st.integers(1, 4), ends_whole=st.booleans())
def test_what_was_split_is_put_together_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, *, content: list[bytes], most: int, ends_whole: bool
) -> None:
    folder = tmp_path_factory.mktemp("x")
    whole = b"\n".join(content) + (b"\n" if ends_whole or not content[-1] else b"")
    (folder / "in.jsonl").write_bytes(whole)
    parts = split_file(folder / "in.jsonl", folder, max_requests=most)
    concatenate([part.path for part in parts], folder / "deep" / "out.jsonl")
    assert (folder / "deep" / "out.jsonl").read_bytes() == whole


def test_lines_of_two_files_never_run_together(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode())
    concatenate([tmp_path / name for name in "abc"], tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"a\nb\nc"


def test_a_file_that_is_gone_leaves_the_old_whole_in_place(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(InputFileError):
        concatenate([tmp_path / "gone"], tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old"
