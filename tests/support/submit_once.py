"""A program that submits one file and is there to be killed: ``python -m tests.support.submit_once DIR PORT``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from batch_tui.engine.submit import Submitter
from tests.support.kits import World, an_order
from tests.support.ledger_service import LedgerService


async def main(folder: Path, port: int) -> None:
    world = World(folder, LedgerService(port))
    await Submitter(world.start()).submit(an_order(folder))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
