from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.verbs.watch_ import GuardedWatch, follow
from batch_tui.domain.batch import Batch, BatchPage
from batch_tui.domain.guard import GuardRules, Rule
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cockpit import Cockpit
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import settings_in, until_asked
from tests.support.virtual_time import VirtualTime


class Watched:
    """One guarded watch over a service in memory."""

    def __init__(self, folder: Path, service: FakeService, cancel_on: frozenset[Rule] = frozenset(), *,
                 is_json: bool = False, is_read_only: bool = False) -> None:  # fmt: skip
        time = VirtualTime(float(NOON))
        service._clock = time.clock
        settings = settings_in(folder, is_read_only=is_read_only)
        self.cockpit = Cockpit(settings, service, clock=time.clock, monotonic=time.clock, sleep=time.sleep_alone)
        self.out, self.err = io.StringIO(), io.StringIO()
        self.console = Console(is_json=is_json, out=self.out, err=self.err)
        self.watch = GuardedWatch(self.cockpit, self.console, cancel_on)

    async def follow(self, *ids: str) -> int:
        try:
            return await follow(self.cockpit, list(ids), self.console, after=self.watch.after)
        finally:
            await self.cockpit.aclose()


def a_runaway(service: FakeService, ends_after: int) -> None:
    """After some list calls the runaway batch ends by itself, unless somebody cancelled it."""
    plain, calls = service.list_batches, [0]

    async def counted(*, after: str | None = None, limit: int = 100) -> BatchPage:
        calls[0] += 1
        if service.batches["bad"].status is BatchStatus.CANCELLING:
            service.finish("bad", BatchStatus.CANCELLED)
        elif calls[0] == ends_after:
            service.finish("bad")
        return await plain(after=after, limit=limit)

    service.list_batches = counted  # type: ignore[method-assign]


def an_account(ends_after: int) -> FakeService:
    service = FakeService(a_batch("bad", total=1000, completed=50, failed=150))
    a_runaway(service, ends_after)
    return service


async def test_an_alarm_is_told_with_its_numbers_and_cancels_nothing_by_itself(tmp_path: Path) -> None:
    service = an_account(ends_after=3)
    watched = Watched(tmp_path, service, is_json=True)
    await watched.follow()
    assert watched.watch.has_alarms
    assert "150 of 200 requests failed (75%, limit 20%)" in watched.err.getvalue()
    assert '"rule":"failures"' in watched.out.getvalue()
    assert service.count("cancel_batch") == 0


async def test_with_cancel_on_a_runaway_is_cancelled_after_the_countdown(tmp_path: Path) -> None:
    service = an_account(ends_after=200)
    watched = Watched(tmp_path, service, frozenset({Rule.FAILURES}))
    assert await watched.follow() == Exit.FAILURES
    assert "cancelling in 60 s" in watched.err.getvalue()
    assert service.count("cancel_batch") == 1
    assert service.batches["bad"].status is BatchStatus.CANCELLED


async def test_a_batch_whose_countdown_was_stopped_on_the_screen_is_not_cancelled_by_a_watch(
    tmp_path: Path,
) -> None:
    on_screen = Watched(tmp_path, an_account(ends_after=200), frozenset({Rule.FAILURES})).cockpit
    on_screen.patrol.review(on_screen.store.apply([a_batch("bad", total=1000, completed=50, failed=150)]))
    assert [stopped.batch_id for stopped in on_screen.patrol.stop()] == ["bad"]
    await on_screen.aclose()
    service = an_account(ends_after=60)
    watched = Watched(tmp_path, service, frozenset({Rule.FAILURES}))
    assert await watched.follow() == Exit.FAILURES
    assert "limit 20%); left alone: its countdown was stopped" in watched.err.getvalue()
    assert "cancelling" not in watched.err.getvalue()
    assert service.count("cancel_batch") == 0
    await watched.cockpit.events.load()
    told = [event.text for event in watched.cockpit.events.recent("bad") if event.kind == "guard"]
    assert told[1].endswith("the guard leaves it alone until it ends")
    assert told[2].endswith("left alone: its countdown was stopped")


async def test_a_read_only_profile_never_acts(tmp_path: Path) -> None:
    service = an_account(ends_after=60)
    watched = Watched(tmp_path, service, frozenset({Rule.FAILURES}), is_read_only=True)
    await watched.follow()
    assert watched.watch.has_alarms
    assert service.count("cancel_batch") == 0


async def test_batches_that_are_not_watched_are_left_alone(tmp_path: Path) -> None:
    service = FakeService(
        a_batch("bad", total=1000, completed=50, failed=150),
        a_batch("good", status=BatchStatus.COMPLETED, total=10, completed=10, output="out"),
    )
    watched = Watched(tmp_path, service, frozenset({Rule.FAILURES}))
    assert await watched.follow("good") == Exit.CLEAN
    assert not watched.watch.has_alarms
    assert service.count("cancel_batch") == 0


async def test_the_end_of_a_countdown_is_not_left_to_the_next_poll(tmp_path: Path) -> None:
    rules = GuardRules(
        no_progress_seconds=None,
        expires_within_seconds=None,
        cancel_on=frozenset({Rule.FAILURES}),
        countdown_seconds=0.01,
    )
    service = an_account(ends_after=10)
    cockpit = Cockpit(replace(settings_in(tmp_path), guard=rules), service, sleep=until_asked)
    console = Console(is_json=False, out=io.StringIO(), err=io.StringIO())
    watch = GuardedWatch(cockpit, console, frozenset())
    cancelled = asyncio.Event()
    plain = service.cancel_batch

    async def told(batch_id: str) -> Batch:
        cancelled.set()
        return await plain(batch_id)

    service.cancel_batch = told  # type: ignore[method-assign]
    following = asyncio.ensure_future(follow(cockpit, ["bad"], console, after=watch.after))
    await asyncio.wait_for(cancelled.wait(), 30)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    await cockpit.aclose()
