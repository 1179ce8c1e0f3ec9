"""Work beside the screen, in the app's named workers."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Coroutine

from textual.app import App

LASTING = frozenset({"monitor", "queue", "read-ahead", "line-up"})
"""Names of the workers that run as long as the screen does: who waits for it to come to rest leaves them out."""


_WORTH_IT = 1_000
"""Rows more than before from which on a collection of garbage over all of them would keep a key waiting."""


class LongLived:
    """Keeps what was listed out of the collections of garbage: looking through 10,000 batches takes 20 ms."""

    def __init__(self) -> None:
        self._rows = 0

    def settled(self, rows: int) -> None:
        """So many rows are listed, and no more come for now."""
        if gc.isenabled() and rows >= self._rows + _WORTH_IT:
            self._rows = rows
            gc.collect(1)
            gc.freeze()


def start_work(app: App[int], work: Coroutine[None, None, None], *, name: str, group: str) -> None:
    """Start a named worker.

    Args:
        app: Whose worker it is; a bug in it ends the app.
        work: Raises nothing expected: it says what went wrong.
        name: For the log and the tests.
        group: Work of one group replaces what still runs of it; an empty one runs beside everything.
    """
    worker = app.run_worker(work, name=name, group=group or name, exclusive=bool(group), exit_on_error=False)
    # Replaced before its first step, the work would never be awaited, and Python complains about that.
    weakref.finalize(worker, work.close)
