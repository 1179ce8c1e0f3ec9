"""From a key to its picture with ten batches and with ten thousand; the figures are told on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.harness import Contender, Group


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here."""
    del folder, size
    both = Contender("ten and ten thousand batches", ("tests.bench.ours_lists:scene",), is_ours=True)
    return (Group("pictures of a list", (both,), is_on_request=True),)
