"""The parts of the engine's actions around a service, on a directory and a clock of the test's own."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from batch_tui.domain.problems import Report
from batch_tui.engine.events import EventLog
from batch_tui.engine.gate import RateGate
from batch_tui.engine.kit import Kit
from batch_tui.engine.monitoring.store import BatchStore
from batch_tui.engine.ports import BatchService
from batch_tui.engine.submitting.journal import Journal
from batch_tui.engine.submitting.submit import SubmitOrder
from tests.support.batches import NOON
from tests.support.fake_service import FakeService
from tests.support.virtual_time import VirtualTime

LINES = b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x"}}\n' * 3


@dataclass
class World:
    """One machine: ``start()`` is a new run of the program on the same disk."""

    folder: Path
    service: BatchService
    time: VirtualTime = field(default_factory=lambda: VirtualTime(float(NOON)))

    def start(self, *, is_read_only: bool = False) -> Kit:
        return Kit(
            service=self.service,
            store=BatchStore(),
            gate=RateGate(clock=self.time.clock, sleep=self.time.sleep_alone),
            journal=Journal(self.folder / "state" / "operations"),
            events=EventLog(None, clock=self.time.clock),
            clock=self.time.clock,
            sleep=self.time.sleep_alone,
            is_read_only=is_read_only,
        )


def a_report(path: Path, *, errors: int = 0) -> Report:
    content = path.read_bytes()
    return Report(
        path=str(path),
        requests=content.count(b"\n"),
        bytes=len(content),
        endpoint="/v1/responses",
        model="m",
        problems=(),
        counts={},
        errors=errors,
        warnings=0,
        bare_bodies=0,
        text_bytes=0,
        embedding_inputs=0,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def an_order(
    folder: Path,
    content: bytes = LINES,
    *,
    name: str | None = None,
    file_name: str = "input.jsonl",
    needs_journal: bool = True,
    metadata: dict[str, str] | None = None,
) -> SubmitOrder:
    path = folder / file_name
    path.write_bytes(content)
    return SubmitOrder(
        path=path,
        report=a_report(path),
        endpoint="/v1/responses",
        name=name,
        needs_journal=needs_journal,
        metadata=metadata or {},
    )


async def met(kit: Kit) -> None:
    """The service has answered once before: what follows is an outage, and no wrong address."""
    async with kit.gate.turn():
        await kit.service.list_batches()


async def reached(service: FakeService, method: str, times: int = 1) -> None:
    """Wait until a call has reached the service, so often."""
    while service.count(method) < times:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0.001)
