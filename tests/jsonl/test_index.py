from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.lines import Span
from batch_tui.jsonl import index as index_module
from batch_tui.jsonl.index import LineIndex
from batch_tui.jsonl.pages import LineFile, pretty

CONTENT = st.lists(st.sampled_from([b"a", b"\n", b"\r\n", "\u2028".encode(), b"{}", b"x" * 70_000])).map(b"".join)


@given(content=CONTENT)
def test_every_line_is_where_the_index_says(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("index") / "f.jsonl"
    path.write_bytes(content)
    lines = content.split(b"\n")
    lines = lines[:-1] if not lines[-1] else lines
    index = LineIndex.build(path)
    assert len(index) == len(lines)
    assert index.size == len(content)
    again = LineIndex.from_bytes(index.to_bytes())
    with LineFile.open(path) as file:
        assert [file.line(n, again) for n in range(len(again))] == lines
        assert file.first_lines(3) == tuple(lines[:3])
        assert file.last_lines(3) == tuple(lines[-3:])
    assert all(index.line_at(index.span(n).start) == n for n in range(len(index)))


def test_a_line_outside_the_file_is_an_index_error(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"one\ntwo")
    index = LineIndex.build(path)
    assert index.span(1) == Span(4, 3)
    for n in (-1, 2):
        with pytest.raises(IndexError):
            index.span(n)


def test_a_long_line_may_be_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"short\n" + b"x" * 1000 + b"\n")
    with LineFile(path) as file:
        assert file.line(1, LineIndex.build(path), limit=10) == b"x" * 10


def test_progress_of_an_index_ends_at_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"one\ntwo\n")
    heard: list[Progress] = []
    LineIndex.build(path, on_progress=heard.append)
    assert heard[-1] == Progress(8, 8)


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b"\0" * 2_000_000)
    monkeypatch.setattr(index_module, "MAX_LINE_BYTES", 1_000_000)
    with pytest.raises(InputFileError, match="more than 1,000,000 bytes"):
        LineIndex.build(path)


def test_a_missing_file_has_no_index(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="does not exist"):
        LineIndex.build(tmp_path / "missing")


def test_pretty_keeps_numbers_and_characters_as_they_stand() -> None:
    assert pretty('{"a":1.50,"b":["é","\\u00e9"]}'.encode()) == (
        '{\n  "a": 1.50,\n  "b": [\n    "é",\n    "\\u00e9"\n  ]\n}'
    )


@pytest.mark.parametrize("line", [b"{", b"", b"caf\xe9", b"not json", b"[" * 100_000])
def test_pretty_of_anything_else_is_its_text(line: bytes) -> None:
    assert pretty(line) == line.decode(errors="replace")
