"""Submits in a process of their own, killed, and what the next start makes of them."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from batch_tui.domain.operation import SubmitStage
from batch_tui.engine.submitting.submit import Submitter
from tests.support.kits import World
from tests.support.ledger_server import LedgerServer
from tests.support.ledger_service import LedgerService


def submit_and_die(
    folder: Path,
    server: LedgerServer,
    *,
    kill_at: str = "",
    kill_after: float | None = None,
    die: Sequence[str] = (),
) -> int:
    """Run a submit until it is killed; gives its exit code.

    Args:
        folder: Its disk.
        server: What it is sent to.
        kill_at: The step at which the server kills it.
        kill_after: Seconds after which it is killed.
        die: ``before`` or ``after`` which entry in the journal it kills itself.
    """
    server.known_victim.clear()
    server.kill_at = kill_at
    command = [sys.executable, "-m", "tests.support.submit_once", str(folder), str(server.port), *die]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        server.victim = process.pid
        server.known_victim.set()
        if kill_after is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(kill_after)
            process.kill()
        return process.wait(30)


def start_again(folder: Path, server: LedgerServer) -> list[SubmitStage]:
    """The next start on the same disk, which takes up what was left."""

    async def recover() -> list[SubmitStage]:
        kit = World(folder, LedgerService(server.port)).start()
        await Submitter(kit).recover(resume=True)
        return [operation.stage for operation in kit.journal.submits()]

    return asyncio.run(recover())
