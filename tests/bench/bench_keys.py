"""From a key to the wire on a real terminal, under load; each tells its figures on stderr, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.harness import Contender, Group
from tests.bench.ours_keys import SCENES


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here."""
    del folder, size
    contenders = tuple(Contender(name, ("tests.bench.ours_keys:scene", name), is_ours=True) for name in SCENES)
    return (Group("keys to the wire", contenders, is_on_request=True),)
