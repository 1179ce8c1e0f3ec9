"""A program that ends in the middle of a submit: closed, or killed by its machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from batch_tui.domain.operation import Operation
from batch_tui.engine.submitting.journal import Journal
from batch_tui.engine.submitting.submit import SubmitOrder, Submitter
from tests.support.fake_service import FakeService
from tests.support.kits import reached


class Killed(BaseException):
    """The process is gone: no handler of the program sees it."""


class DyingJournal(Journal):
    """A disk on a machine that dies just before or just after the n-th write."""

    def __init__(self, folder: Path, dies_at: int, *, is_written: bool) -> None:
        super().__init__(folder)
        self.left = dies_at
        self.is_written = is_written

    async def save(self, operation: Operation) -> None:
        self.left -= 1
        if self.left == 0 and not self.is_written:
            raise Killed
        await super().save(operation)
        if self.left == 0:
            raise Killed


@asynccontextmanager
async def uploading(submitter: Submitter, service: FakeService, order: SubmitOrder) -> AsyncIterator[None]:
    """A submit stands in its upload while the block runs; then the program is quit in the middle of it."""
    held = service.hold("upload_file")
    running = asyncio.create_task(submitter.submit(order))
    await reached(service, "upload_file")
    yield
    submitter.begin_close()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    held.set()


async def quit_while_uploading(submitter: Submitter, service: FakeService, order: SubmitOrder) -> None:
    """Quit the program in the middle of an upload."""
    async with uploading(submitter, service, order):
        pass
