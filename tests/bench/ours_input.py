"""Ours, one function each, importing no more than it needs: the memory is measured too."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from batch_tui.jsonl.checking.check import check_file
from batch_tui.jsonl.pages import LineFile, pretty
from batch_tui.jsonl.rewriting.split import split_file
from batch_tui.jsonl.rewriting.wrap import wrap_file


def check(path: str) -> None:
    """Check the file, for the verdict alone."""
    if not check_file(Path(path), wants_digest=False).is_valid:
        raise ValueError(path)


def check_hashed(path: str) -> None:
    """Check the file and take its SHA-256, as before a submit."""
    if not check_file(Path(path)).sha256:
        raise ValueError(path)


def wrap(path: str) -> None:
    """Wrap the file."""
    wrap_file(Path(path), _folder(path) / "wrapped.jsonl")


def split(path: str) -> None:
    """Split the file into eight."""
    split_file(Path(path), _folder(path), max_requests=7000)


def _folder(path: str) -> Path:
    """A new folder, removed after the measuring: freeing what was written is no part of the work."""
    folder = Path(tempfile.mkdtemp(dir=Path(path).parent))
    atexit.register(shutil.rmtree, folder)
    return folder


def pages(path: str) -> None:
    """Read the first and the last page, one line of it pretty."""
    with LineFile.open(Path(path)) as file:
        first = file.first_lines(50)
        file.last_lines(50)
        pretty(first[0])
