from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

import pytest

from batch_tui.domain.errors import (
    Effect,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    ServiceError,
    UnreachableError,
)
from batch_tui.engine.gate import Kind, RateGate
from tests.support.virtual_time import VirtualTime


def make_gate(time: VirtualTime, width: int = 8) -> RateGate:
    return RateGate(clock=time.clock, sleep=time.sleep, width=width)


@pytest.mark.parametrize("wait", [1.0, 60.0, 131.0, 90_000.0])
async def test_fault_20_list_one_retry_after_of_any_length_pauses_everybody(wait: float) -> None:
    time = VirtualTime()
    gate = make_gate(time)
    starts: list[float] = []

    async def send(kind: Kind) -> None:
        async with gate.turn(kind):
            starts.append(time.now)

    gate.note_limit(wait)
    assert gate.closed_for() == wait

    async def everybody() -> None:
        await asyncio.gather(send("action"), send("poll"), send("action"))

    await time.run(everybody())
    assert min(starts) >= 1000.0 + wait


async def test_fault_21_create_a_longer_pause_noted_later_extends_the_first() -> None:
    time = VirtualTime()
    gate = make_gate(time)
    gate.note_limit(5)
    started: list[float] = []

    async def wait_for_a_turn() -> None:
        async with gate.turn():
            started.append(time.now)

    async def lengthen() -> None:
        await time.sleep(2)
        gate.note_limit(200)

    async def both() -> None:
        await asyncio.gather(wait_for_a_turn(), lengthen())

    await time.run(both())
    assert started == [1202.0]


def test_a_limit_without_a_time_pauses_longer_each_time_and_never_over_a_minute() -> None:
    time = VirtualTime()
    gate = make_gate(time)
    pauses: list[float] = []
    for _ in range(12):
        gate.note_limit(None)
        pauses.append(gate.closed_for())
        time.now += gate.closed_for()
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == 60


@pytest.mark.parametrize("nonsense", [float("nan"), -5.0])
def test_a_nonsense_retry_after_is_read_as_none(nonsense: float) -> None:
    gate = make_gate(VirtualTime())
    gate.note_limit(nonsense)
    assert gate.closed_for() == 1.0


async def test_no_more_than_width_are_under_way_at_once() -> None:
    time = VirtualTime()
    gate = make_gate(time, width=3)
    under_way = 0
    most = 0

    async def send() -> None:
        nonlocal under_way, most
        async with gate.turn():
            under_way += 1
            most = max(most, under_way)
            await time.sleep(1)
            under_way -= 1

    async def many() -> None:
        await asyncio.gather(*(send() for _ in range(10)))

    await time.run(many())
    assert most == 3
    assert time.now == 1004.0


async def test_actions_overtake_polls_but_not_for_ever() -> None:
    time = VirtualTime()
    gate = make_gate(time, width=1)
    order: list[str] = []

    async def send(kind: Kind, label: str) -> None:
        async with gate.turn(kind):
            order.append(label)
            await time.sleep(1)

    async def many() -> None:
        await asyncio.gather(
            send("action", "first"),
            send("poll", "poll"),
            *(send("action", f"a{n}") for n in range(20)),
        )

    await time.run(many())
    assert order.index("a0") < order.index("poll") == 9


async def test_giving_up_while_waiting_loses_no_place() -> None:
    time = VirtualTime()
    gate = make_gate(time, width=1)

    async def hold() -> None:
        async with gate.turn():
            await time.sleep(5)

    async def scene() -> None:
        holder = asyncio.ensure_future(hold())
        await asyncio.sleep(0)
        quitter = asyncio.ensure_future(hold())
        await asyncio.sleep(0)
        quitter.cancel()
        await holder
        await hold()

    await time.run(scene())
    assert time.now == 1010.0


async def test_an_error_inside_the_turn_frees_the_place() -> None:
    gate = make_gate(VirtualTime(), width=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="boom"):
            async with gate.turn():
                raise ValueError("boom")


class FiveASecond:
    """A service that takes five requests in any second."""

    def __init__(self, time: VirtualTime) -> None:
        self.time = time
        self.recent: deque[float] = deque()
        self.sent = 0
        self.refused = 0

    async def post(self) -> None:
        self.sent += 1
        await self.time.sleep(0.05)
        while self.recent and self.recent[0] <= self.time.now - 1:
            self.recent.popleft()
        if len(self.recent) >= 5:
            self.refused += 1
            raise RateLimitedError("slow down", retry_after=1)
        self.recent.append(self.time.now)


async def test_fault_22_cancel_fifty_actions_at_five_a_second_all_pass_with_few_refusals() -> None:
    time = VirtualTime()
    gate = make_gate(time)
    service = FiveASecond(time)
    polls: list[int] = []

    async def send(kind: Kind) -> None:
        while True:
            try:
                async with gate.turn(kind):
                    return await service.post()
            except RateLimitedError:
                continue

    async def poll_three_times() -> None:
        for _ in range(3):
            await send("poll")
            polls.append(service.sent)

    async def everything() -> None:
        await asyncio.gather(*(send("action") for _ in range(50)), poll_three_times())

    await time.run(everything())
    assert service.refused / service.sent < 0.2
    assert polls[-1] < service.sent, "the polls came through while actions were still waiting"


async def test_a_503_that_names_a_time_pauses_everybody_too() -> None:
    gate = make_gate(VirtualTime())
    error = ServerFaultError("Busy.", status=503)
    with pytest.raises(ServerFaultError):
        async with gate.turn():
            raise error
    assert gate.closed_for() == 0
    error.retry_after = 30.0
    with pytest.raises(ServerFaultError):
        async with gate.turn("poll"):
            raise error
    assert gate.closed_for() == 30


async def test_long_transfers_leave_the_places_to_short_calls() -> None:
    time = VirtualTime()
    gate = make_gate(time, width=1)
    ended: list[str] = []

    async def transfer() -> None:
        async with gate.transfer():
            await time.sleep(100)
            ended.append("transfer")

    async def call() -> None:
        async with gate.turn():
            ended.append("call")

    async def both() -> None:
        await asyncio.gather(*(transfer() for _ in range(5)), call())

    await time.run(both())
    assert ended == ["call", *["transfer"] * 5]
    assert time.now == 1200.0, "four at a time"


async def test_a_cancel_needs_no_place_but_waits_for_a_pause_like_everybody() -> None:
    time = VirtualTime()
    gate = make_gate(time, width=1)
    async with gate.turn():
        async with gate.turn("cancel"):
            assert time.now == 1000.0
        gate.note_limit(7)
        entered: list[float] = []

        async def wait_for_a_turn() -> None:
            async with gate.turn("cancel"):
                entered.append(time.now)

        await time.run(wait_for_a_turn())
    assert entered == [1007.0]


@pytest.mark.parametrize(
    ("error", "is_met"),
    [
        (None, True),
        (UnreachableError("Refused.", effect=Effect.NONE), False),
        (UnreachableError("Cut.", effect=Effect.UNKNOWN), True),
        (RateLimitedError("Slow down."), True),
        (RefusedError("No.", effect=Effect.NONE, status=400), True),
    ],
    ids=["an answer", "no connection", "a cut", "a pause", "a refusal"],
)
@pytest.mark.parametrize("is_transfer", [False, True], ids=["call", "transfer"])
async def test_the_gate_knows_whether_anybody_was_ever_met(
    error: ServiceError | None, *, is_met: bool, is_transfer: bool
) -> None:
    gate = make_gate(VirtualTime())
    with suppress(ServiceError):
        async with gate.transfer() if is_transfer else gate.turn():
            assert not gate.was_reached, "waiting for a place is no answer"
            if error is not None:
                raise error
    assert gate.was_reached is is_met
