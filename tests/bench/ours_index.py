"""Our index apart from the rest: the memory of what is imported counts as well."""

from __future__ import annotations

from pathlib import Path

from batch_tui.jsonl.index import LineIndex


def index(path: str) -> None:
    """Index the file."""
    LineIndex.build(Path(path))
