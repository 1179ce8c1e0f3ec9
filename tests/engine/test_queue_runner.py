"""The queue sent from inside a program that stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.domain.problems import Report
from batch_tui.domain.queueing import QueueStage
from batch_tui.engine.queueing.queue import Queue
from batch_tui.engine.queueing.queue_runner import QueueEvent, QueueRunner, RunnerState
from batch_tui.jsonl.worker.process import WorkerDiedError
from tests.support.fake_service import unauthorized
from tests.support.queue_scene import Checker, CrashError, Scene


class Watch:
    """A runner that looks only when it is woken, and what it has told."""

    def __init__(self, queue: Queue, *, is_read_only: bool = False) -> None:
        self.runner = QueueRunner(queue, sleep=self._rest, is_read_only=is_read_only)
        self.told: list[QueueEvent] = []
        self._moved = asyncio.Event()

    async def follow(self) -> None:
        async for event in self.runner.events():
            self.told.append(event)
            self._moved.set()

    async def until(self, *states: RunnerState) -> QueueEvent:
        """Wait until the last event tells of one of these states."""
        async with asyncio.timeout(60):
            while not self.told or self.told[-1].state not in states:
                self._moved.clear()
                await self._moved.wait()
        return self.told[-1]

    async def _rest(self, _: float) -> None:
        await asyncio.Event().wait()


@asynccontextmanager
async def watching(queue: Queue, *, is_read_only: bool = False) -> AsyncIterator[Watch]:
    watch = Watch(queue, is_read_only=is_read_only)
    following = asyncio.ensure_future(watch.follow())
    try:
        yield watch
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_what_is_added_is_sent_and_told_step_by_step(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with watching(scene.start()) as watch:
        await watch.until(RunnerState.IDLE)
        added = await watch.runner.add([scene.order("a"), scene.order("b")])
        assert [entry.name for entry in watch.runner.entries] == ["a", "b"]
        await watch.until(RunnerState.SENDING)
        await watch.until(RunnerState.IDLE)
        steps = [event.entry.stage for event in watch.told if event.entry and event.entry.id == added[0].id]
        assert steps == [QueueStage.SENDING, QueueStage.SENT, QueueStage.TAKEN]
        assert watch.runner.entries == ()
        await watch.runner.add([scene.order("c")])
        await watch.until(RunnerState.SENDING)
        await watch.until(RunnerState.IDLE)
    assert scene.taken() == ["a", "b", "c"]


async def test_what_waits_says_what_it_waits_for(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limit=250, limits=replace(OPENAI_LIMITS, enqueued_tokens=250))
    await scene.start().add([scene.order(name) for name in "abc"])
    async with watching(scene.start()) as watch:
        await watch.until(RunnerState.SENDING)
        await watch.until(RunnerState.IDLE)
        reasons = [event.message for event in watch.told if event.entry and event.entry.reason]
        assert any("tokens of m are queued" in reason for reason in reasons)
    assert scene.taken() == ["a", "b", "c"]


async def test_beside_another_process_that_sends_it_only_looks_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    other = scene.start()
    await other.add([scene.order("a")])
    gate = scene.service.hold("list_batches")
    running = asyncio.ensure_future(scene.run(other))
    while scene.service.count("list_batches") == 0:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0.001)
    async with watching(scene.start()) as watch:
        event = await watch.until(RunnerState.ELSEWHERE)
        assert "Another batch-tui" in event.message
        assert [entry.name for entry in watch.runner.entries] == ["a"]
        watch.runner.wake()
        gate.set()
        await running
        watch.runner.wake()
        await watch.until(RunnerState.IDLE)
        assert watch.runner.entries == ()
    assert scene.taken() == ["a"]


async def test_what_cannot_be_sent_stays_in_sight_until_it_is_dismissed(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    (entry,) = await queue.add([scene.order("a")])
    (tmp_path / "a.jsonl").unlink()
    async with watching(queue) as watch:
        await watch.until(RunnerState.SENDING)
        await watch.until(RunnerState.IDLE)
        assert [(one.name, one.stage) for one in watch.runner.entries] == [("a", QueueStage.FAILED)]
        watch.runner.dismiss(entry.id)
        assert watch.runner.entries == ()


async def test_a_service_that_refuses_to_be_asked_holds_the_queue_until_it_is_woken(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.start().add([scene.order("a")])
    scene.service.go_down(unauthorized())
    async with watching(scene.start()) as watch:
        assert "key" in (await watch.until(RunnerState.HELD)).message
        scene.service.come_back()
        watch.runner.wake()
        await watch.until(RunnerState.SENDING)
        await watch.until(RunnerState.IDLE)
    assert scene.taken() == ["a"]


async def test_a_check_that_breaks_off_holds_the_queue_and_is_no_crash(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checker, "check", _died)
        async with watching(queue) as watch:
            assert "worker" in (await watch.until(RunnerState.HELD)).message
            patch.undo()
            watch.runner.wake()
            await watch.until(RunnerState.SENDING)
            await watch.until(RunnerState.IDLE)
    assert scene.taken() == ["a"]


async def _died(_self: Checker, _path: Path, **_more: object) -> Report:
    raise WorkerDiedError("The worker process ended unexpectedly (killed); try again.")


async def test_a_read_only_profile_shows_the_queue_and_sends_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    async with watching(queue, is_read_only=True) as watch:
        assert "read-only" in (await watch.until(RunnerState.HELD)).message
        assert [entry.name for entry in watch.runner.entries] == ["a"]
    assert scene.service.ledger == []


async def test_what_only_the_user_can_settle_is_said_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    scene.service.crash_in = 1  # the process ends with the POST on its way, and the batch is never found
    with pytest.raises(CrashError):
        await scene.run(queue)
    scene.service.batches.clear()
    async with watching(scene.start()) as watch:
        assert "maybe submitted" in (await watch.until(RunnerState.HELD)).message
        told = len(watch.told)
        for _ in range(2):
            asked = scene.service.count("list_batches")
            watch.runner.wake()
            while scene.service.count("list_batches") == asked:  # noqa: ASYNC110 - the fake has no event for it
                await asyncio.sleep(0.001)
        assert len(watch.told) == told
    assert [entry.name for entry in await scene.start().entries()] == ["a"]


async def test_stopping_it_anywhere_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.start().add([scene.order(name) for name in "ab"])
    for method in ("list_batches", "upload_file", "create_batch"):
        gate = scene.service.hold(method)
        async with watching(scene.start()):
            seen = scene.service.count(method)
            while scene.service.count(method) == seen:  # noqa: ASYNC110 - the fake has no event for it
                await asyncio.sleep(0.001)
        gate.set()
    async with watching(scene.start()) as watch:
        await watch.until(RunnerState.SENDING)
        await watch.until(RunnerState.IDLE, RunnerState.HELD)
        left = [entry.name for entry in watch.runner.entries]
    assert sorted([*scene.taken(), *map(str, left)]) == ["a", "b"]


async def test_what_is_dropped_is_neither_shown_nor_sent(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    entries = await queue.add([scene.order("a"), scene.order("b")])
    runner = QueueRunner(queue, sleep=asyncio.sleep)
    assert await runner.look() == entries
    assert await runner.drop(entries[:1]) == entries[:1]
    assert [entry.name for entry in runner.entries] == ["b"]
    assert [entry.name for entry in await queue.entries()] == ["b"]
