"""The whole program, which sends itself a signal at a named step of its start: ``SIGNAL=15 AT=textual.app``.

A step is a module, at the moment it is asked for, or ``MODULE:CLASS.METHOD``, at the moment that is called.
``GRACE`` are the seconds it has to end by itself; with ``HANGS`` it never does, once the terminal is given back.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial, wraps
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import ParamSpec, TypeVar

import pytest

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


def never(*_: object) -> None:
    """Come to no end."""
    while True:
        time.sleep(60)


if __name__ == "__main__":
    if os.environ.get("GRACE"):
        from batch_tui.ui.terminal import lifecycle, signals

        patch = pytest.MonkeyPatch()
        patch.setattr(lifecycle, "Watchdog", partial(signals.Watchdog, grace=float(os.environ["GRACE"])))
        if os.environ.get("HANGS"):
            patch.setattr(lifecycle, "_last_words", never)
    if os.environ.get("AT"):
        lay(os.environ["AT"])
    from batch_tui.cli.entry import main

    sys.exit(main())
