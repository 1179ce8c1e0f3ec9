from __future__ import annotations

import asyncio
import threading
import time as wall
from collections import Counter
from pathlib import Path

import openai
import pytest
from openai.types import Batch

from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.gateway.answers import Answered, NotRun
from batch_tui.gateway.journal import ResultJournal, shuffle_lines
from batch_tui.gateway.options import GatewayOptions
from batch_tui.gateway.validator import findings_now
from tests.gateway.lines_for_tests import CHAT, chat_line, results, submitted
from tests.support.gateway import ManualTime, RunningGateway, in_process_gateway

TWO_HOURS = {"delay_s": 7_200.0}


async def ended(gateway: RunningGateway, batch_id: str, status: str) -> Batch:
    await gateway.until(batch_id, status)
    return await gateway.client().batches.retrieve(batch_id)


def counts(batch: Batch) -> tuple[int, int, int]:
    assert batch.request_counts is not None
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


async def test_a_batch_runs_from_upload_to_download(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        lines = [chat_line(f"r{i}", **({"echo": {"status": 400}} if i == 3 else {})) for i in range(40)]
        batch = await submitted(gateway, *lines)
        assert batch.status == "validating"
        assert counts(batch) == (0, 0, 0)
        batch = await ended(gateway, batch.id, "completed")
        output, errors = await results(gateway, batch.output_file_id), await results(gateway, batch.error_file_id)
    assert counts(batch) == (40, 39, 1)
    assert set(output) == {f"r{i}" for i in range(40) if i != 3}
    assert list(output) != sorted(output, key=lambda custom_id: int(custom_id[1:]))
    assert set(errors) == {"r3"}
    assert batch.model == "gpt-4o-mini"
    assert batch.usage is not None
    assert batch.usage.total_tokens == batch.usage.input_tokens + batch.usage.output_tokens > 0
    times = (batch.created_at, batch.in_progress_at, batch.finalizing_at, batch.completed_at)
    assert all(time is not None for time in times)
    assert (batch.failed_at, batch.expired_at, batch.cancelled_at) == (None, None, None)


async def test_both_shapes_of_failure_reach_the_error_file(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        refused = chat_line("http", echo={"status": 429, "code": "rate_limit_exceeded", "message": "Slow down."})
        unanswered = chat_line("none", echo={"code": "request_timeout", "message": "Too slow."})
        batch = await ended(gateway, (await submitted(gateway, refused, unanswered)).id, "completed")
        errors = await results(gateway, batch.error_file_id)
    assert batch.output_file_id is None
    assert counts(batch) == (2, 0, 2)
    assert errors["http"]["error"] is None
    response = errors["http"]["response"]
    assert isinstance(response, dict)
    assert response["status_code"] == 429
    assert response["body"]["error"]["code"] == "rate_limit_exceeded"
    assert errors["none"]["response"] is None
    assert errors["none"]["error"] == {"code": "request_timeout", "message": "Too slow."}


async def test_a_lost_request_is_in_neither_file_and_counts_as_nothing(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        batch = await submitted(gateway, chat_line("kept"), chat_line("lost", echo={"lose": True}))
        batch = await ended(gateway, batch.id, "completed")
        assert set(await results(gateway, batch.output_file_id)) == {"kept"}
    assert batch.error_file_id is None
    assert counts(batch) == (2, 1, 0)


async def test_a_status_of_zero_lands_in_the_output_file_and_counts_as_failed(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        batch = await submitted(gateway, chat_line("odd", echo={"status": 0}))
        batch = await ended(gateway, batch.id, "completed")
        assert set(await results(gateway, batch.output_file_id)) == {"odd"}
    assert counts(batch) == (1, 0, 1)


async def test_a_failed_request_passes_when_it_is_sent_again(tmp_path: Path) -> None:
    line = chat_line("again", echo={"status": 503, "times": 1})
    async with in_process_gateway(tmp_path) as gateway:
        first = await ended(gateway, (await submitted(gateway, line)).id, "completed")
    async with in_process_gateway(tmp_path) as gateway:
        second = await ended(gateway, (await submitted(gateway, line)).id, "completed")
    assert counts(first) == (1, 0, 1)
    assert counts(second) == (1, 1, 0)


async def test_validation_names_every_bad_line_in_the_words_of_the_service(tmp_path: Path) -> None:
    lines = [
        chat_line("a"),
        b'{"custom_id": \n',
        chat_line("a"),
        chat_line("d").replace(b'"custom_id": "d", ', b""),
    ]
    async with in_process_gateway(tmp_path) as gateway:
        batch = await ended(gateway, (await submitted(gateway, *lines)).id, "failed")
    assert batch.errors is not None
    found = [(error.line, error.code, error.message) for error in batch.errors.data or ()]
    assert found[0] == (2, "invalid_json_line", "This line is not parseable as valid JSON.")
    assert found[1][:2] == (3, "duplicate_custom_id")
    assert found[2] == (4, "missing_required_parameter", "Missing required parameter: 'custom_id'.")
    assert batch.failed_at is not None
    assert counts(batch) == (0, 0, 0)
    assert (batch.output_file_id, batch.error_file_id, batch.in_progress_at) == (None, None, None)


async def test_an_empty_file_fails_validation(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        batch = await ended(gateway, (await submitted(gateway, b"")).id, "failed")
    assert batch.errors is not None
    assert [error.code for error in batch.errors.data or ()] == ["empty_file"]


async def test_cancelling_lets_requests_in_flight_finish_and_count(tmp_path: Path) -> None:
    time = ManualTime()
    lines = [chat_line(f"r{i}", echo={"delay_s": 100.0}) for i in range(20)]
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        client = gateway.client()
        batch = await submitted(gateway, *lines)
        await time.sleepers(1)
        time.advance(5)
        await gateway.until(batch.id, "in_progress")
        await time.sleepers(9)
        cancelling = await client.batches.cancel(batch.id)
        assert cancelling.status == "cancelling"
        assert (await client.batches.cancel(batch.id)).status == "cancelling"
        time.advance(100)
        await gateway.until(batch.id, lambda now: now.request_counts.completed == 8)
        batch = await ended(gateway, batch.id, "cancelled")
        output, errors = await results(gateway, batch.output_file_id), await results(gateway, batch.error_file_id)
        assert (await client.batches.cancel(batch.id)).status == "cancelled"
    assert counts(batch) == (20, 8, 0)
    assert len(output) == 8
    assert set(output) | set(errors) == {f"r{i}" for i in range(20)}
    codes = Counter(str(line["error"]) for line in errors.values())
    assert len(errors) == 12
    assert all("batch_cancelled" in code for code in codes)
    assert (batch.cancelling_at, batch.cancelled_at) == (1_700_000_005, 1_700_000_105)


async def test_a_batch_cancelled_while_validating_has_no_files(tmp_path: Path) -> None:
    time = ManualTime()
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        batch = await submitted(gateway, chat_line("a"))
        await gateway.client().batches.cancel(batch.id)
        batch = await ended(gateway, batch.id, "cancelled")
    assert counts(batch) == (0, 0, 0)
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


@pytest.mark.parametrize(("lines", "status"), [((chat_line("a"),), "completed"), ((b"{\n",), "failed")])
async def test_an_ended_batch_cannot_be_cancelled(tmp_path: Path, lines: tuple[bytes, ...], status: str) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        batch = await submitted(gateway, *lines)
        await gateway.until(batch.id, status)
        with pytest.raises(openai.ConflictError, match=f"Cannot cancel a batch with status '{status}'."):
            await gateway.client().batches.cancel(batch.id)


async def test_an_expired_batch_keeps_what_it_has_and_names_what_never_ran(tmp_path: Path) -> None:
    time = ManualTime()
    slow = [chat_line(f"slow{i}", echo={"delay_s": 200_000.0}) for i in range(10)]
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        batch = await submitted(gateway, chat_line("quick", echo={"delay_s": 1.0}), *slow)
        await time.sleepers(1)
        time.advance(5)
        await time.sleepers(8, longer_than=0.5)
        time.advance(10)
        await gateway.until(batch.id, lambda now: now.request_counts.completed == 1)
        time.advance(86_400)
        batch = await ended(gateway, batch.id, "expired")
        output, errors = await results(gateway, batch.output_file_id), await results(gateway, batch.error_file_id)
    assert counts(batch) == (11, 1, 0)
    assert set(output) == {"quick"}
    assert set(errors) == {f"slow{i}" for i in range(10)}
    assert all(line["response"] is None for line in errors.values())
    assert errors["slow0"]["error"] == {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    }
    assert batch.expired_at is not None
    assert batch.completed_at is None


async def test_an_answer_that_is_written_while_the_window_closes_is_counted_and_no_second_time_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, began, go_on = ManualTime(), threading.Event(), threading.Event()
    append = ResultJournal._append

    def held(journal: ResultJournal, batch: list[tuple[str, Answered | NotRun]]) -> None:
        began.set()
        assert go_on.wait(60)
        append(journal, batch)

    monkeypatch.setattr(ResultJournal, "_append", held)
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        slow = chat_line("slow", echo={"delay_s": 200_000.0})
        batch = await submitted(gateway, chat_line("quick", echo={"delay_s": 1.0}), slow)
        await time.sleepers(1)
        time.advance(5)
        await time.sleepers(2, longer_than=0.5)
        time.advance(10)
        assert await asyncio.to_thread(began.wait, 60)
        time.advance(86_400)
        for _ in range(50):
            await asyncio.sleep(0)  # whoever doesn't wait for the writing goes on now
        go_on.set()
        batch = await ended(gateway, batch.id, "expired")
        output, errors = await results(gateway, batch.output_file_id), await results(gateway, batch.error_file_id)
    assert (set(output), set(errors)) == ({"quick"}, {"slow"})
    assert counts(batch) == (2, 1, 0)


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    time = ManualTime(wall.time())
    lines = [chat_line(f"r{i}", echo={"delay_s": 10.0}) for i in range(12)]
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        batch = await submitted(gateway, *lines)
        await time.sleepers(1)
        time.advance(5)
        await time.sleepers(9)
        time.advance(10)
        await gateway.until(batch.id, lambda now: now.request_counts.completed == 8)
    part = tmp_path / "batches" / batch.id / "output.part"
    with part.open("ab") as torn:
        torn.write(b'{"id": "batch_req_torn", "custom')
    async with in_process_gateway(tmp_path) as gateway:
        assert gateway.account.batch(batch.id).status == "in_progress"
        await gateway.until(batch.id, "completed")
        batch = await gateway.client().batches.retrieve(batch.id)
        assert set(await results(gateway, batch.output_file_id)) == {f"r{i}" for i in range(12)}
    assert counts(batch) == (12, 12, 0)


async def test_a_start_clears_away_what_an_interrupted_end_left(tmp_path: Path) -> None:
    left = tmp_path / "batches" / "batch_gone"
    left.mkdir(parents=True)
    (left / "output.part").write_bytes(b"{}\n")
    body = tmp_path / "incoming" / "body-1"
    body.parent.mkdir()
    body.write_bytes(b"half a file")
    async with in_process_gateway(tmp_path):
        assert not left.exists()
        assert not body.exists()


async def test_a_record_that_cannot_be_read_loses_only_itself(tmp_path: Path) -> None:
    async with in_process_gateway(tmp_path) as gateway:
        kept, lost = await submitted(gateway, chat_line("a")), await submitted(gateway, chat_line("b"))
        for batch in (kept, lost):
            await ended(gateway, batch.id, "completed")
    record = tmp_path / "batches" / f"{lost.id}.json"
    record.write_bytes(b'{"sequence": 1, "batch"')
    async with in_process_gateway(tmp_path) as gateway:
        assert list(gateway.account.batches) == [kept.id]
    assert record.with_name(record.name + ".broken").exists()


async def test_a_restart_finishes_a_cancellation(tmp_path: Path) -> None:
    time = ManualTime()
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        batch = await submitted(gateway, *(chat_line(f"r{i}", echo=TWO_HOURS) for i in range(10)))
        await time.sleepers(1)
        time.advance(5)
        await time.sleepers(9)
        await gateway.client().batches.cancel(batch.id)
    async with in_process_gateway(tmp_path) as gateway:
        await gateway.until(batch.id, "cancelled")
        batch = await gateway.client().batches.retrieve(batch.id)
        assert len(await results(gateway, batch.error_file_id)) == 10
    assert counts(batch) == (10, 0, 0)


async def test_a_batch_whose_input_was_deleted_fails(tmp_path: Path) -> None:
    time = ManualTime()
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        batch = await submitted(gateway, chat_line("a"))
        await gateway.client().files.delete(batch.input_file_id)
    async with in_process_gateway(tmp_path) as gateway:
        batch = await ended(gateway, batch.id, "failed")
    assert batch.errors is not None
    assert "deleted" in str(batch.errors.data)


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_a_batch_that_runs_keeps_its_input_though_the_file_is_deleted(
    tmp_path: Path,
    is_cancelled: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    time = ManualTime(wall.time() - 10)
    lines = [chat_line(f"r{i}", echo={"delay_s": 100.0}) for i in range(12)]
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        batch = await submitted(gateway, *lines)
        await time.sleepers(1)
        time.advance(5)
        await time.sleepers(9)
        await gateway.client().files.delete(batch.input_file_id)
        if is_cancelled:
            await gateway.client().batches.cancel(batch.id)
    async with in_process_gateway(tmp_path) as gateway:
        batch = await ended(gateway, batch.id, "cancelled" if is_cancelled else "completed")
        answered = await results(gateway, batch.output_file_id) | await results(gateway, batch.error_file_id)
    assert set(answered) == {f"r{i}" for i in range(12)}


async def test_an_input_is_copied_where_the_disk_has_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("batch_tui.gateway.disk.os.link", refused)
    async with in_process_gateway(tmp_path) as gateway:
        batch = await ended(gateway, (await submitted(gateway, chat_line("a"))).id, "completed")
    assert counts(batch) == (1, 1, 0)


@pytest.mark.parametrize(("delay_s", "way"), [(3_600.0, "completed_at"), (200_000.0, "expired_at")])
async def test_a_batch_cancelled_while_its_files_are_made_is_cancelled(
    tmp_path: Path, delay_s: float, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, let_go = threading.Event(), threading.Event()

    def held(source: Path, destination: Path, seed: str) -> int:
        begun.set()
        assert let_go.wait(60)
        return shuffle_lines(source, destination, seed)

    monkeypatch.setattr("batch_tui.gateway.run.shuffle_lines", held)
    time = ManualTime()
    async with in_process_gateway(tmp_path, speed=1, clock=time.clock) as gateway:
        slow = chat_line("slow", echo={"delay_s": delay_s})
        batch = await submitted(gateway, chat_line("quick", echo={"delay_s": 1.0}), slow)
        await time.sleepers(1)
        time.advance(5)
        await time.sleepers(2, longer_than=0.5)
        time.advance(2)
        await gateway.until(batch.id, lambda now: now.request_counts.completed == 1)
        if way == "expired_at":
            time.advance(86_400)
        else:
            time.advance(3_600)
            await gateway.until(batch.id, "finalizing")
            await time.sleepers(1)
            time.advance(10)
        assert await asyncio.to_thread(begun.wait, 60)
        assert (await gateway.client().batches.cancel(batch.id)).status == "cancelling"
        let_go.set()
        batch = await ended(gateway, batch.id, "cancelled")
        assert "quick" in await results(gateway, batch.output_file_id)
    assert getattr(batch, way) is None
    assert batch.cancelled_at is not None


async def test_two_batches_judged_at_once_do_not_share_the_last_place_in_the_queue(tmp_path: Path) -> None:
    time = ManualTime()
    source = tmp_path / "in.jsonl"
    source.write_bytes(chat_line("a"))
    room = findings_now(source, OPENAI_LIMITS, CHAT).tokens
    options = GatewayOptions(data=tmp_path, limits=Limits(enqueued_tokens=room))
    async with in_process_gateway(tmp_path, options=options, clock=time.clock) as gateway:
        made = [(await submitted(gateway, chat_line("a"))).id for _ in range(2)]
        await time.sleepers(2)
        time.advance(5)
        for batch_id in made:
            await gateway.until(batch_id, lambda now: now.status != "validating")
        states = sorted(gateway.account.batch(batch_id).status for batch_id in made)
    assert states == ["failed", "in_progress"]


async def test_the_queue_limit_refuses_a_batch_in_words_that_tell_the_limit(tmp_path: Path) -> None:
    options = GatewayOptions(data=tmp_path, speed=1_000, limits=Limits(enqueued_tokens=3))
    async with in_process_gateway(tmp_path, options=options) as gateway:
        batch = await ended(gateway, (await submitted(gateway, chat_line("a"))).id, "failed")
    assert batch.errors is not None
    error = (batch.errors.data or [])[0]
    assert error.code == "token_limit_exceeded"
    assert "Enqueued token limit reached for gpt-4o-mini in organization" in (error.message or "")
    assert "Limit: 3 enqueued tokens." in (error.message or "")
