"""``wait`` and ``watch`` on a group of which parts are held back in the queue."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.cli.console import Console
from batch_tui.cli.verbs.submit_ import send_by_queue
from batch_tui.cli.verbs.watch_ import follow
from batch_tui.domain.batch import NAME_KEY, Batch, RequestCounts
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cockpit import Cockpit
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.kits import an_order, reached
from tests.support.program_run import Run, a_run
from tests.support.virtual_time import VirtualTime

GROUP = "0123456789abcdef" * 2


def place(number: int) -> dict[str, str]:
    return {GROUP_KEY: GROUP, PART_KEY: f"{number}/2", NAME_KEY: f"big {number}/2"}


def a_part(number: int, status: BatchStatus = BatchStatus.COMPLETED) -> Batch:
    made = a_batch(f"b{number}", status, metadata=place(number), created=NOON + number)
    return replace(made, counts=RequestCounts(3, 3 if status is BatchStatus.COMPLETED else 0, 0))


async def followed(run: Run, console: Console, meanwhile: Callable[[asyncio.Future[int]], Awaitable[None]]) -> int:
    """Follow the group while something else happens; gives the exit code."""

    async def play() -> int:
        waiting = asyncio.ensure_future(follow(run.cockpit, [GROUP], console))
        await meanwhile(waiting)
        return await waiting

    return await run.time.run(play())


async def hold_back(cockpit: Cockpit, folder: Path, *numbers: int) -> None:
    orders = [an_order(folder, file_name=f"{n}.jsonl", name=f"big {n}/2", metadata=place(n)) for n in numbers]
    await cockpit.queue.add(orders)


def a_console(*, is_json: bool = False) -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Console(is_json=is_json, out=out, err=err), out, err


async def test_a_group_has_not_ended_while_a_part_waits_and_its_batch_is_followed_once_it_is_sent(
    tmp_path: Path,
) -> None:
    service = FakeService(a_part(1))
    console, out, err = a_console(is_json=True)
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        await hold_back(run.cockpit, tmp_path, 2)

        async def send(waiting: asyncio.Future[int]) -> None:
            await run.time.sleep(900)
            assert not waiting.done()
            service.put(a_part(2, BatchStatus.IN_PROGRESS))
            await run.cockpit.queue.drop(await run.cockpit.queue.entries())
            await run.time.sleep(300)
            assert not waiting.done()
            service.put(a_part(2))

        assert await followed(run, console, send) == 0
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["id"], line["status"]) for line in lines] == [
        ("b1", "completed"),
        ("b2", "in_progress"),
        ("b2", "completed"),
    ]
    assert err.getvalue() == "big: 1 part of 2 in the queue; submit --queue or the screen sends them.\n"


async def test_a_group_that_only_the_queue_knows_is_waited_for(tmp_path: Path) -> None:
    service = FakeService()
    console, out, _ = a_console()
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        await hold_back(run.cockpit, tmp_path, 1, 2)

        async def send(waiting: asyncio.Future[int]) -> None:
            await run.time.sleep(900)
            assert not waiting.done()
            service.put(a_part(1))
            service.put(a_part(2))
            await run.cockpit.queue.drop(await run.cockpit.queue.entries())

        assert await followed(run, console, send) == 0
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["b1", "b2"]


@pytest.mark.parametrize("kept", [0, 1], ids=["all", "one"])
async def test_a_part_that_is_taken_out_of_the_queue_ends_the_waiting_with_a_failure(
    tmp_path: Path, kept: int
) -> None:
    service = FakeService(*[a_part(number) for number in range(1, kept + 1)])
    console, _, _ = a_console()
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        await hold_back(run.cockpit, tmp_path, *range(kept + 1, 3))

        async def drop(waiting: asyncio.Future[int]) -> None:
            await run.time.sleep(900)
            assert not waiting.done()
            await run.cockpit.queue.drop(await run.cockpit.queue.entries())

        assert await followed(run, console, drop) == 1


async def test_whoever_stops_the_queue_is_told_what_is_left_and_how_to_go_on(tmp_path: Path) -> None:
    service = FakeService()
    console, out, err = a_console()
    async with a_run(tmp_path, service) as run:
        service.hold("list_batches")
        orders = [an_order(tmp_path, b'{"n": 1}\n', file_name="1.jsonl"), an_order(tmp_path, file_name="2.jsonl")]
        asked = service.count("list_batches")
        sending = asyncio.ensure_future(send_by_queue(run.cockpit, orders, console, []))
        await reached(service, "list_batches", asked + 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        service.come_back()
        assert len(await run.cockpit.queue.entries()) == 2
    assert out.getvalue() == ""
    assert err.getvalue() == "2 files still in the queue; batch-tui submit --queue goes on with them.\n"
