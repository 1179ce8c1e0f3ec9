"""The start of the screen beside a bare Textual application with like widgets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.harness import Contender, Group

_OURS = "tests.bench.ours_screen"


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here: CPU seconds from the start of the process to the first live row."""
    del size
    place = str(folder / "screen")
    return (
        Group(
            "first live row",
            (
                Contender("bare Textual", (f"{_OURS}:bare", place)),
                Contender("ours", (f"{_OURS}:ours", place), True, {"bare Textual": 1.25}),
            ),
        ),
    )
