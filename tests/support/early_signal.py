"""The whole program, which sends itself a signal at a named step of its start: ``SIGNAL=15 AT=textual.app``.

A step is a module, at the moment it is asked for, or ``MODULE:CLASS.METHOD``, at the moment that is called.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def strike() -> None:
    """The signal."""
    os.kill(os.getpid(), int(os.environ["SIGNAL"]))


class Tripwire:
    """Strikes when a module is asked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find nothing."""
        del path, target
        if name == self.name:
            strike()
        return None


def struck(call: Callable[P, R]) -> Callable[P, R]:
    """The same call, struck before it does anything."""

    @wraps(call)
    def first(*words: P.args, **named: P.kwargs) -> R:
        strike()
        return call(*words, **named)

    return first


def lay(at: str) -> None:
    """Prepare the step."""
    module, _, place = at.partition(":")
    if not place:
        sys.meta_path.insert(0, Tripwire(module))
        return
    owner: object = importlib.import_module(module)
    *names, last = place.split(".")
    for name in names:
        owner = getattr(owner, name)
    setattr(owner, last, struck(getattr(owner, last)))


if __name__ == "__main__":
    if os.environ.get("AT"):
        lay(os.environ["AT"])
    from batch_tui.cli.entry import main

    sys.exit(main())
