"""How long ``watch`` and ``wait`` look for a service: seconds where nobody was met, else as long as it takes."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from batch_tui.cli.console import Console
from batch_tui.cli.verbs.watch_ import follow
from batch_tui.domain.batch import NAME_KEY
from batch_tui.domain.errors import Effect, ForbiddenError, NotFoundError, ServiceError, UnreachableError
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.status import BatchStatus
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService, server_fault, unreachable
from tests.support.program_run import Run, a_run
from tests.support.virtual_time import VirtualTime

GROUP = "0123456789abcdef" * 2
HOURS = 3 * 3600


def a_console() -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Console(is_json=False, out=out, err=err), out, err


def ended() -> FakeService:
    place = {GROUP_KEY: GROUP, PART_KEY: "1/1", NAME_KEY: "big"}
    return FakeService(a_batch("b1", BatchStatus.COMPLETED, completed=100, metadata=place))


async def followed(run: Run, ids: list[str], console: Console, *, back_after: float | None = None) -> int:
    """Follow batches while the service is away, for ever or for so long."""
    assert isinstance(run.cockpit.service, FakeService)
    service = run.cockpit.service

    async def play() -> int:
        following = asyncio.ensure_future(follow(run.cockpit, ids, console))
        if back_after is not None:
            await run.time.sleep(back_after)
            assert not following.done()
            service.come_back()
        return await following

    return await run.time.run(play())


@pytest.mark.parametrize("ids", [[], ["b1"], [GROUP]], ids=["all", "one", "group"])
async def test_fault_02_poll_at_an_address_of_nobody_s_a_watch_ends_within_seconds(
    tmp_path: Path, ids: list[str]
) -> None:
    service, (console, out, _) = ended(), a_console()
    service.go_down(unreachable())
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        with pytest.raises(UnreachableError, match="Cannot reach"):
            await followed(run, ids, console)
        assert run.time.now - NOON < 15
    assert out.getvalue() == ""


@pytest.mark.parametrize("ids", [[], ["b1"], [GROUP]], ids=["all", "one", "group"])
@pytest.mark.parametrize("error", [server_fault(503), unreachable()], ids=["faults", "silence"])
async def test_fault_35_poll_a_service_that_was_met_once_is_waited_for(
    tmp_path: Path, ids: list[str], error: ServiceError
) -> None:
    service, (console, _, err) = ended(), a_console()
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        run.cockpit.gate.was_reached = True
        service.go_down(error)
        assert await followed(run, ids, console, back_after=HOURS) == 0
    assert str(error) in err.getvalue()


async def test_fault_25_poll_a_batch_that_this_run_created_is_not_asked_for_before_it_may_be_there(
    tmp_path: Path,
) -> None:
    service, (console, out, _) = ended(), a_console()
    service.fail_next("retrieve_batch", NotFoundError("No batch b1.", status=404))
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        run.cockpit.store.apply([a_batch("b1")])
        assert await followed(run, ["b1"], console) == 0
    assert out.getvalue().split()[0] == "b1"


async def test_fault_24_poll_where_batches_are_not_allowed_a_watch_ends_with_the_reason(tmp_path: Path) -> None:
    service, (console, _, _) = ended(), a_console()
    service.fail_next("list_batches", ForbiddenError("This key may not use batches.", effect=Effect.NONE))
    async with a_run(tmp_path, service, time=VirtualTime(float(NOON)), has_many_sleepers=True) as run:
        with pytest.raises(ForbiddenError, match="may not use batches"):
            await followed(run, [], console)
