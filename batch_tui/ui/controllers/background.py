"""Work beside the screen, in the app's named workers."""

from __future__ import annotations

import weakref
from collections.abc import Coroutine

from textual.app import App

LASTING = frozenset({"monitor", "queue", "read-ahead", "line-up"})
"""Names of the workers that run as long as the screen does: who waits for it to come to rest leaves them out."""


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
