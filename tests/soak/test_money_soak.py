"""A thousand random operations under random faults, then the money ledger."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from batch_tui.domain.batch import INTENT_KEY
from batch_tui.domain.errors import BatchTuiError, Effect, RateLimitedError, ServerFaultError, UnreachableError
from batch_tui.domain.operation import CancelStage, SubmitStage
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cancel import Canceller
from batch_tui.engine.kit import Kit
from batch_tui.engine.results.collect import Collector
from batch_tui.engine.submitting.submit import Submitter
from tests.support.fake_service import FakeService
from tests.support.kits import World, an_order

_OPERATIONS = 1000
OUTPUT = b'{"custom_id":"a"}\n' * 50


class Chaos(FakeService):
    """Each call may fail before its effect, after it, or be told to wait."""

    def __init__(self, dice: random.Random, share: float) -> None:
        super().__init__()
        self.dice = dice
        self.share = share
        self.faults: Counter[str] = Counter()

    async def _enter(self, method: str, argument: str) -> None:
        await super()._enter(method, argument)
        if self.dice.random() < self.share:
            kind = self.dice.choice(["cut before", "refused", "429"])
            self.faults[f"{method} {kind}"] += 1
            if kind == "refused":
                raise UnreachableError("Refused.", effect=Effect.NONE)
            if kind == "429":
                raise RateLimitedError("Slow down.", retry_after=self.dice.choice([None, 1.0, 200.0]))
            raise UnreachableError("Cut before.", effect=Effect.UNKNOWN)

    def _leave(self, method: str) -> None:
        super()._leave(method)
        if self.dice.random() < self.share:
            self.faults[f"{method} after"] += 1
            raise ServerFaultError("Cut after.", effect=Effect.UNKNOWN, status=502)


class Soak:
    """One user on one machine: submits, cancels, collects, looks, kills the program and starts it again."""

    def __init__(self, folder: Path, seed: int, share: float) -> None:
        self.folder = folder
        self.dice = random.Random(seed)
        self.service = Chaos(self.dice, share)
        self.world = World(folder, self.service)
        self.kit: Kit = self.world.start()
        self.submitter = Submitter(self.kit)
        self.submits = 0
        self.again = 0

    async def run(self) -> None:
        for _ in range(_OPERATIONS):
            act = self.dice.choices(
                [
                    self.submit,
                    self.cancel,
                    self.collect,
                    self.finish,
                    self.notice,
                    self.restart,
                    self.decide,
                    self.die,
                ],
                weights=[30, 15, 15, 15, 10, 5, 5, 5],
            )[0]
            try:
                await act()
            except BatchTuiError:
                continue  # told to the user, who goes on with something else
        self.service.share = 0
        await self.restart()
        async for _ in Canceller(self.kit).recover():
            pass

    async def submit(self) -> None:
        self.submits += 1
        name = f"in-{self.submits}.jsonl"
        order = an_order(self.folder, f'{{"n":{self.submits}}}\n'.encode(), file_name=name)
        await self.submitter.submit(order)

    async def die(self) -> None:
        """Stop a submit at a random moment and start again, as if the power had failed."""
        running = asyncio.ensure_future(self.submit())
        self.submitter.begin_close()
        for _ in range(self.dice.randrange(1, 60)):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()
        await self.restart()

    async def restart(self) -> None:
        self.kit = self.world.start()
        self.submitter = Submitter(self.kit)
        await self.submitter.recover(resume=True)

    async def decide(self) -> None:
        """The user's word on what is in doubt."""
        for operation in self.submitter.pending():
            if self.dice.random() < 0.5:
                await self.submitter.dismiss(operation.intent)
            else:
                self.again += 1
                await self.submitter.resubmit(operation.intent)

    async def cancel(self) -> None:
        chosen = self.some_batches(5)
        states = [outcome async for outcome in Canceller(self.kit).cancel(chosen)]
        assert {outcome.batch_id for outcome in states if outcome.is_final} == set(chosen)

    async def collect(self) -> None:
        for batch_id in self.some_batches(1):
            collected = await Collector(self.kit, self.folder / "cache").collect(batch_id)
            for path in collected.files:
                assert path.read_bytes() == OUTPUT, "a file is whole or absent"

    async def finish(self) -> None:
        for batch_id in self.some_batches(1):
            if not self.service.batches[batch_id].is_terminal:
                self.service.finish(batch_id, BatchStatus.COMPLETED, output=OUTPUT)

    async def notice(self) -> None:
        page = await self.service.list_batches()
        await self.submitter.notice(page.batches)

    def some_batches(self, count: int) -> list[str]:
        known = sorted(self.service.batches)
        return self.dice.sample(known, min(count, len(known)))


@pytest.mark.parametrize(("seed", "share"), [(1, 0.01), (2, 0.01), (3, 0.2)])
async def test_the_ledger_holds_one_batch_at_most_for_every_intent(
    tmp_path: Path, seed: int, share: float
) -> None:
    soak = Soak(tmp_path, seed, share)
    await soak.run()
    per_intent = Counter(batch.metadata[INTENT_KEY] for batch in soak.service.batches.values())
    journal = {operation.intent: operation for operation in soak.kit.journal.submits()}
    assert max(per_intent.values()) == 1
    assert set(per_intent) <= set(journal), "no batch without its intent on disk"
    assert len(soak.service.batches) <= soak.submits + soak.again
    for intent, operation in journal.items():
        exists = intent in per_intent
        if operation.stage is SubmitStage.SUBMITTED:
            assert exists, "nothing is called submitted that isn't"
            assert operation.batch_id in soak.service.batches
        elif exists:
            assert operation.may_exist, "what exists is known, or shown as in doubt"
    for cancel in soak.kit.journal.cancels():
        status = soak.service.batches[cancel.batch_id].status
        assert cancel.stage is not CancelStage.SENDING
        if cancel.stage is CancelStage.CONFIRMED:
            assert status in {BatchStatus.CANCELLING, BatchStatus.CANCELLED, BatchStatus.COMPLETED}
    assert sum(soak.service.faults.values()) > 10
    print(  # noqa: T201 - the ledger is what a soak is run for
        f"\n{soak.submits} submits, {soak.again} again on the user's word, {len(soak.service.batches)} batches, "
        f"{sum(soak.service.faults.values())} faults, "
        f"{dict(Counter(operation.stage.value for operation in journal.values()))}",
    )
