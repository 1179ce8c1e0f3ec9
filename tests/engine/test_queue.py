"""The queue: held back while there is no room, sent exactly once whatever happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_tui.domain.batch import BatchError, BatchPage
from batch_tui.domain.errors import StateError
from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.domain.operation import SubmitOperation, SubmitStage
from batch_tui.domain.queueing import QueueStage
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.queueing.queue_store import LimitMemory
from batch_tui.engine.submitting.submit import Submitter
from tests.support.fake_service import forbidden, server_fault
from tests.support.queue_scene import RUNS_FOR, CrashError, Scene


async def test_with_room_for_all_everything_is_sent_in_order(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order(name) for name in "abc"])
    entries = await scene.run(queue)
    assert [entry.stage for entry in entries] == [QueueStage.TAKEN] * 3
    assert scene.taken() == ["a", "b", "c"]
    assert await queue.entries() == ()


async def test_a_known_limit_holds_parts_back_until_there_is_room(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limit=250, limits=replace(OPENAI_LIMITS, enqueued_tokens=250))
    queue = scene.start()
    await queue.add([scene.order(name) for name in "abcde"])  # of some 108 tokens each: two at a time
    await scene.run(queue)
    assert scene.taken() == list("abcde")
    assert len(scene.service.orders) == 5, "not one was refused"
    assert any("tokens of m are queued" in entry.reason for entry in scene.told)
    starts = [batch.times.created or 0 for batch in scene.service.batches.values()]
    assert starts[2] - starts[0] >= RUNS_FOR


async def test_an_unknown_limit_is_learned_from_the_refusal_and_costs_no_retry(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limit=250)
    queue = scene.start()
    await queue.add([scene.order(name) for name in "abcde"])
    entries = await scene.run(queue)
    assert sorted(scene.taken()) == list("abcde")
    assert {entry.stage for entry in entries} == {QueueStage.TAKEN}
    again = LimitMemory(tmp_path / "limits.json")
    assert await again.for_model("m") == 250
    refused = len(scene.service.orders) - 5
    assert 1 <= refused <= 4, "the first refusal teaches; what was sent with it may be refused too"
    assert all("batch_tui_parent" not in order.metadata for order in scene.service.orders)


async def test_a_full_queue_of_one_model_holds_no_other_model_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limits=replace(OPENAI_LIMITS, enqueued_tokens=150))
    queue = scene.start()
    await queue.add([scene.order("a"), scene.order("b"), scene.order("c", model="n")])
    await scene.run(queue)
    assert scene.taken() == ["a", "c", "b"]


async def test_the_creations_of_an_hour_are_not_exceeded(tmp_path: Path) -> None:
    scene = Scene(tmp_path, limits=replace(OPENAI_LIMITS, creations_per_hour=2))
    queue = scene.start()
    await queue.add([scene.order(name) for name in "abcde"])
    await scene.run(queue)
    made = [batch.times.created or 0 for batch in scene.service.batches.values()]
    assert len(made) == 5
    assert all(later - earlier >= 3600 for earlier, later in zip(made, made[2:], strict=False))


async def test_a_file_that_changed_or_is_gone_is_not_sent_and_the_others_are(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order(name) for name in "abc"])
    (tmp_path / "a.jsonl").unlink()
    scene.order("b", size=9)
    entries = {entry.name: entry for entry in await scene.run(queue)}
    assert entries["a"].stage is entries["b"].stage is QueueStage.FAILED
    assert "changed" in entries["b"].reason
    assert scene.taken() == ["c"]


async def test_a_batch_that_fails_validation_is_not_sent_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    made = BatchPage((), has_more=False, last_id=None)
    scene.service.answer_next("list_batches", made, made)
    running = asyncio.ensure_future(scene.run(queue))
    while not scene.service.batches:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0)
    batch = next(iter(scene.service.batches.values()))
    scene.service.put(replace(batch, status=BatchStatus.FAILED, errors=(BatchError("invalid_url", "Wrong url."),)))
    entries = await running
    assert [(entry.stage, entry.reason) for entry in entries] == [(QueueStage.FAILED, "Wrong url.")]
    assert len(scene.service.orders) == 1


async def test_a_lost_reply_makes_one_batch(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    scene.service.lose_reply("create_batch", server_fault())
    await scene.run(queue)
    assert scene.taken() == ["a"]


async def test_what_the_service_forbids_for_now_goes_on_with_the_same_intent(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    scene.service.fail_next("create_batch", forbidden())
    entries = await scene.run(queue)
    assert [entry.stage for entry in entries] == [QueueStage.TAKEN]
    assert scene.taken() == ["a"]


async def test_only_one_process_sends_the_queue(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    first = scene.start()
    await first.add([scene.order("a")])
    gate = scene.service.hold("list_batches")
    running = asyncio.ensure_future(scene.run(first))
    while scene.service.count("list_batches") == 0:  # noqa: ASYNC110 - the fake has no event for it
        await asyncio.sleep(0.001)
    with pytest.raises(StateError, match="Another"):
        await scene.start().run()
    gate.set()
    await running
    assert scene.taken() == ["a"]


async def test_a_waiting_entry_can_be_dropped(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    kept, dropped = await queue.add([scene.order("a"), scene.order("b")])
    assert await queue.drop([dropped]) == (dropped,)
    assert await queue.entries() == (kept,)


async def test_a_broken_file_in_the_queue_loses_itself_only(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    queue = scene.start()
    await queue.add([scene.order("a")])
    (tmp_path / "queue" / "x.json").write_bytes(b"{broken")
    await scene.run()
    assert scene.taken() == ["a"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=6), st.sampled_from([250, 10**9]))
async def test_crashes_anywhere_send_no_file_twice_and_lose_none(
    tmp_path_factory: pytest.TempPathFactory, crashes: list[int], limit: int
) -> None:
    scene = Scene(tmp_path_factory.mktemp("x"), limit=limit)
    await scene.start().add([scene.order(name) for name in "abcd"])
    for calls in crashes:
        scene.service.crash_in = calls
        try:
            await scene.run()
        except CrashError:
            continue
        scene.service.crash_in = None
    entries = await scene.run()
    taken = scene.taken()
    assert len(set(taken)) == len(taken)
    # A crash between the journal and the wire leaves in doubt whether the POST was sent: that is asked, not tried.
    in_doubt = {entry.name: entry for entry in entries if entry.is_open}
    assert sorted([*taken, *map(str, in_doubt)]) == list("abcd")
    kit = scene.world.start()
    await kit.journal.load()
    for entry in in_doubt.values():
        operation = kit.journal.get(entry.intent or "")
        assert isinstance(operation, SubmitOperation)
        assert operation.stage is SubmitStage.MAYBE
        await Submitter(kit).resubmit(operation.intent)
    await scene.run()
    assert sorted(scene.taken()) == list("abcd")
    assert await scene.start().entries() == ()
