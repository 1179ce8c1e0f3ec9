"""A program that submits one file and is there to be killed: ``python -m tests.support.submit_once DIR PORT``.

With ``before`` or ``after`` and a number it kills itself there: around its so manieth entry in the journal.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from batch_tui.domain.operation import Operation
from batch_tui.engine.submitting.submit import Submitter
from tests.support.kits import World, an_order
from tests.support.ledger_service import LedgerService


def dying(
    save: Callable[[Operation], Awaitable[None]], when: str, entry: int
) -> Callable[[Operation], Awaitable[None]]:
    """The same ``save``, which kills the process around one entry."""
    number = itertools.count(1)

    async def saved(operation: Operation) -> None:
        is_last = next(number) == entry
        if is_last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await save(operation)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)

    return saved


async def main(folder: Path, port: int, when: str = "", entry: str = "0") -> None:
    kit = World(folder, LedgerService(port)).start()
    if when:
        setattr(kit.journal, "save", dying(kit.journal.save, when, int(entry)))  # noqa: B010 - a method
    await Submitter(kit).submit(an_order(folder))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
