from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.domain.errors import OutputFileError
from batch_tui.jsonl.atomic import new_file, write_all


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def fail(place: Path) -> None:
    with new_file(place) as out:
        write_all(out, b"half")
        raise KeyError


def be_late(place: Path) -> None:
    with new_file(place) as out:
        write_all(out, b"new")
        place.write_bytes(b"theirs")


def fill_the_disk(place: Path) -> None:
    with new_file(place), Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")


def test_a_file_appears_whole(tmp_path: Path) -> None:
    place = tmp_path / "out.jsonl"
    with new_file(place) as out:
        write_all(out, b"one\n")
        write_all(out, bytearray(b"two\n"))
        assert not place.exists()
    assert place.read_bytes() == b"one\ntwo\n"
    assert names(tmp_path) == ["out.jsonl"]


def test_nothing_is_left_of_a_file_that_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        fail(tmp_path / "out.jsonl")
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "symlink", "dangling symlink", "directory"])
def test_what_is_there_already_stays(tmp_path: Path, kind: str) -> None:
    place, other = tmp_path / "out.jsonl", tmp_path / "other"
    match kind:
        case "file":
            place.write_bytes(b"old")
        case "symlink":
            other.write_bytes(b"old")
            place.symlink_to(other)
        case "dangling symlink":
            place.symlink_to(other)
        case _:
            place.mkdir()
    before = names(tmp_path)
    with pytest.raises(OutputFileError), new_file(place) as out:
        write_all(out, b"new")
    assert names(tmp_path) == before


def test_a_file_made_meanwhile_by_somebody_else_stays(tmp_path: Path) -> None:
    place = tmp_path / "out.jsonl"
    with pytest.raises(OutputFileError, match="exists already"):
        be_late(place)
    assert place.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out.jsonl"]


def test_an_existing_file_is_replaced_when_asked(tmp_path: Path) -> None:
    place = tmp_path / "out.jsonl"
    place.write_bytes(b"old")
    with new_file(place, overwrite=True) as out:
        write_all(out, b"new")
    assert place.read_bytes() == b"new"


def test_a_symlink_is_not_written_through_even_when_overwriting(tmp_path: Path) -> None:
    place, other = tmp_path / "out.jsonl", tmp_path / "other"
    other.write_bytes(b"old")
    place.symlink_to(other)
    with pytest.raises(OutputFileError, match="symbolic link"), new_file(place, overwrite=True):
        pass
    assert other.read_bytes() == b"old"


def test_a_missing_directory_is_named_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputFileError, match="directory of"), new_file(tmp_path / "no" / "out.jsonl"):
        pass


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputFileError, match="disk is full"):
        fill_the_disk(tmp_path / "out.jsonl")
    assert names(tmp_path) == []
