"""Groups of parts and the queue, on the running screen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from batch_tui.domain.batch import NAME_KEY, PARENT_KEY, RequestCounts
from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.result_files import answer_line, failure_line, request_line
from tests.support.screen import Stage, stage

SMALL = replace(OPENAI_LIMITS, max_requests=2)
"""Two requests a batch."""
FULL = replace(SMALL, creations_per_hour=1)
"""And one batch an hour."""


def lines(*parts: bytes) -> bytes:
    return b"".join(part + b"\n" for part in parts)


def put_part(service: FakeService, number: int, *, failing: bool = False, is_running: bool = False) -> None:
    ids = [f"p{number}-{n}" for n in range(3)]
    source = service.add_file(lines(*map(request_line, ids)), name="in.jsonl", purpose="batch")
    metadata = {GROUP_KEY: "g", PART_KEY: f"{number}/2", NAME_KEY: f"big {number}/2"}
    name = f"part{number}"
    service.put(replace(a_batch(name, total=3, created=NOON - number, metadata=metadata), model="gpt-4o-mini"))
    if not is_running:
        output = lines(*map(answer_line, ids[:2] if failing else ids))
        service.finish(name, output=output, errors=lines(failure_line(ids[2])) if failing else None)
    service.put(replace(service.batches[name], input_file_id=source.id))


def account(*, is_running: bool = False) -> FakeService:
    service = FakeService(a_batch("other", total=9, created=NOON - 3600))
    put_part(service, 1, failing=True)
    put_part(service, 2, is_running=is_running)
    return service


def rows_of(running: Stage) -> list[str]:
    table = running.app.deck.batches.table
    return [running.line_of(table, y).strip() for y in range(1, 1 + len(table.row_ids))]


@asynccontextmanager
async def at_group(folder: Path, service: FakeService) -> AsyncIterator[Stage]:
    async with stage(folder, service, session=SessionState(cursor="g")) as running:
        await running.press("g")
        yield running


async def test_a_group_is_one_row_that_unfolds_and_folds(tmp_path: Path) -> None:
    async with at_group(tmp_path, account()) as running:
        group, other = rows_of(running)
        assert "+ big ×2" in group
        assert "6/6" in group
        assert "other" in other
        await running.press("l")
        assert "part 1/2" in rows_of(running)[1]
        assert "part 2/2" in rows_of(running)[2]
        await running.press("j", "h")
        assert len(rows_of(running)) == 2
        assert running.app.deck.batches.table.cursor_id == "g"


async def test_inspect_tells_the_parts_of_a_group(tmp_path: Path) -> None:
    async with at_group(tmp_path, account(is_running=True)) as running:
        text = running.app.deck.inspect.facts.text
        assert "parts     2 of big" in text
        assert "1/2     ! completed    3/3  1 failed  part1" in text
        assert "2/2     ◔ in_progress  0/3" in text


async def test_the_events_of_a_group_are_those_of_its_parts(tmp_path: Path) -> None:
    async with at_group(tmp_path, account(is_running=True)) as running:
        running.app.cockpit.events.record("cancel", "Stopped by hand.", batch_id="part2")
        running.app.cockpit.events.record("cancel", "Not of this group.", batch_id="other")
        await running.press("3", "[")
        text = running.app.deck.inspect.facts.text
        assert "big 2/2  Stopped by hand." in text
        assert "Not of this group." not in text


async def test_enter_on_an_ended_group_shows_all_its_requests_in_input_order(tmp_path: Path) -> None:
    async with at_group(tmp_path, account()) as running:
        await running.press("enter")
        results = running.app.deck.results
        await running.until(lambda: results.joined is not None)
        assert running.app.deck.panels.current == "results"
        assert results.joined is not None
        ids = [results.joined.row(int(row)).custom_id for row in results.table.row_ids]
        assert ids == ["p1-0", "p1-1", "p1-2", "p2-0", "p2-1", "p2-2"]


async def test_of_a_groups_large_results_the_first_rows_are_shown_and_the_others_wait_to_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch_tui.ui.controllers.outcomes.AT_ONCE", 302)
    service = account()
    ids = [f"long-{n}" for n in range(300)]
    service.finish("part1", output=lines(*map(answer_line, ids)), errors=None)
    source = service.add_file(lines(*map(request_line, ids)), name="in.jsonl", purpose="batch")
    service.put(replace(service.batches["part1"], input_file_id=source.id, counts=RequestCounts(300, 300, 0)))
    async with at_group(tmp_path, service) as running:
        results = running.app.deck.results
        await running.press("enter")
        await running.until(lambda: results.joined is not None)
        assert service.count("download_file") == 0
        assert "first 200 of 303" in running.line_of(results.title_bar)
        await running.press("D")
        await running.until(lambda: not results.is_partial)
        assert len(results.table.row_ids) == 303
        await running.press("2", "j", "k", "4")
        await running.until(lambda: results.joined is not None)
        assert not results.is_partial, "what is on this machine is shown whole"


async def test_enter_on_a_group_that_runs_unfolds_it(tmp_path: Path) -> None:
    async with at_group(tmp_path, account(is_running=True)) as running:
        await running.press("enter")
        assert len(rows_of(running)) == 4
        assert running.app.deck.panels.current == "batches"
        await running.press("4")
        assert "big hasn't ended (3 of 6 done)" in running.line_of(running.app.deck.results.table, 1)


async def test_f_on_a_group_sends_what_failed_in_all_parts(tmp_path: Path) -> None:
    service = account()
    async with at_group(tmp_path, service) as running:
        await running.press("F")
        await running.until(lambda: "can pass" in running.said())
        assert running.said().startswith("Send again big?")
        await running.press("y")
        await running.until(lambda: bool(service.orders))
        [order] = service.orders
        assert service.contents[order.input_file_id] == lines(request_line("p1-2"))
        assert order.metadata[PARENT_KEY] == "part1"


async def test_c_on_a_group_says_which_of_its_batches_can_be_compared(tmp_path: Path) -> None:
    service = account()
    send_again(service)
    async with at_group(tmp_path, service) as running:
        await running.press("c")
        assert running.said().startswith("big is several batches: unfold it (l) to compare one with its retry")
        await running.press("l", "j")
        assert running.app.deck.selection.pair is not None
        await running.press("g", "space", "c")
        assert running.said().startswith("Mark exactly two batches (space)")


async def test_saving_a_group_gives_one_file_over_all_parts(tmp_path: Path) -> None:
    async with at_group(tmp_path, account()) as running:
        await running.press("D")
        await running.until(lambda: "Saved" in running.said())
        saved = (running.workspace / "big_output.jsonl").read_bytes()
        assert saved == lines(*map(answer_line, ["p1-0", "p1-1", "p2-0", "p2-1", "p2-2"]))


async def test_a_group_whose_last_part_was_taken_out_says_what_of_it_ended(tmp_path: Path) -> None:
    service = FakeService()
    put_part(service, 1)
    async with at_group(tmp_path, service) as running:
        assert "cancelled" in rows_of(running)[0]
        told = running.app.deck.inspect.facts.text
        assert "2 of big, 1 there   taken out of the queue, or deleted: 2" in told
        assert "1/2     ✓ completed" in told


def send_again(service: FakeService) -> None:
    """What failed of the first part was sent again, and succeeded."""
    source = service.add_file(lines(request_line("p1-2")), name="again.jsonl", purpose="batch")
    service.put(a_batch("again", total=1, created=NOON + 5, metadata={PARENT_KEY: "part1"}))
    service.finish("again", output=lines(answer_line("p1-2")))
    service.put(replace(service.batches["again"], input_file_id=source.id))


async def test_a_group_that_was_sent_again_is_saved_merged_in_the_order_of_its_file(tmp_path: Path) -> None:
    service = account()
    send_again(service)
    async with at_group(tmp_path, service) as running:
        await running.press("D")
        assert "Save big merged over 3 batches, in input order" in running.said()
        await running.press("y")
        await running.until(lambda: "Saved big_merged.jsonl" in running.said())
        assert "6 of 6 requests succeeded" in running.said()
        saved = (running.workspace / "big_merged.jsonl").read_bytes().splitlines()
        names = [json.loads(line)["custom_id"] for line in saved]
        assert names == ["p1-0", "p1-1", "p1-2", "p2-0", "p2-1", "p2-2"]
        [event] = [event for event in running.app.cockpit.events.recent() if event.kind == "merge"]
        assert event.command == "batch-tui merge g -o big_merged.jsonl"
        await running.press("D", "y")
        await running.until(lambda: "Replace it?" in running.said())
        await running.press("n", "D", "f")
        await running.until(lambda: "Saved big_output.jsonl" in running.said())
        assert len((running.workspace / "big_output.jsonl").read_bytes().splitlines()) == 5


async def test_a_batch_that_was_sent_again_is_saved_merged_and_says_what_still_runs(tmp_path: Path) -> None:
    service = FakeService()
    put_part(service, 1, failing=True)
    first = service.batches["part1"]
    service.put(replace(first, metadata={NAME_KEY: "alone"}))
    send_again(service)
    service.put(a_batch("third", total=1, created=NOON + 9, metadata={PARENT_KEY: "again"}))
    async with stage(tmp_path, service, session=SessionState(cursor="again")) as running:
        await running.press("D")
        assert "Save alone merged over 3 batches" in running.said()
        await running.press("y")
        await running.until(lambda: "Saved alone_merged.jsonl" in running.said())
        assert "3 of 3 requests succeeded. 1 batch of it still runs." in running.said()


async def test_x_on_a_group_cancels_what_runs_and_takes_out_what_waits(tmp_path: Path) -> None:
    service = account(is_running=True)
    put_part(service, 1, is_running=True)
    async with at_group(tmp_path, service) as running:
        await running.press("x")
        assert "Cancel 2 batches of big?" in running.said()
        await running.press("1", "enter")
        assert not service.count("cancel_batch")
        await running.press("x", "2", "enter")
        await running.until(lambda: service.count("cancel_batch") == 2)
        assert set(service.arguments("cancel_batch")) == {"part1", "part2"}


async def test_a_filter_finds_a_folded_group_by_a_part_and_marks_mean_all_parts(tmp_path: Path) -> None:
    async with at_group(tmp_path, account(is_running=True)) as running:
        await running.press("slash", *"part2", "enter")
        assert [row.split()[1:3] for row in rows_of(running)] == [["+", "big"]]
        await running.press("space", "x")
        assert "part2?" in running.said() or "big 2/2?" in running.said()
        await running.press("n", "escape", "escape", "s")
        assert {row.split()[1] for row in rows_of(running)} == {"+", "other"}


def five_requests(folder: Path) -> None:
    (folder / "workspace").mkdir()
    (folder / "workspace" / "five.jsonl").write_bytes(lines(*(request_line(f"r{n}") for n in range(5))))


async def ask_for_five(running: Stage) -> None:
    """As far as the question whether to split and queue them."""
    await running.press("1")
    await running.until(lambda: running.app.deck.files.report_of(running.workspace / "five.jsonl") is not None)
    await running.press("n")
    await running.until(lambda: "Queue 3 parts" in running.said())


async def test_a_file_over_the_limits_is_split_and_sent_as_a_group(tmp_path: Path) -> None:
    service = FakeService()
    five_requests(tmp_path)
    async with stage(tmp_path, service, limits=SMALL) as running:
        await ask_for_five(running)
        assert "Queue 3 parts of five.jsonl?" in running.said()
        assert not service.orders
        await running.press("y")
        await running.until(lambda: len(service.orders) == 3)
        await running.press("2")
        await running.until(lambda: len(rows_of(running)) == 1)
        assert "+ five ×3" in rows_of(running)[0]


async def test_a_part_is_being_created_while_the_queue_sends_it_and_then_stands_there_no_longer(
    tmp_path: Path,
) -> None:
    service = FakeService()
    five_requests(tmp_path)
    async with stage(tmp_path, service, limits=SMALL) as running:
        uploaded, created = service.hold("upload_file"), service.hold("create_batch")
        await ask_for_five(running)
        await running.press("y")
        await running.until(lambda: service.count("upload_file") == 1)
        running.app.submits.refresh()
        await running.press("2", "g")
        assert any("upload" in row for row in rows_of(running))
        assert not any("esc stops" in row for row in rows_of(running)), "esc would stop the whole queue"
        uploaded.set()
        await running.until(lambda: service.count("create_batch") == 1)
        running.app.submits.refresh()
        await running.press("2", "g")
        assert any("creating" in row for row in rows_of(running))
        assert not any("maybe submitted" in row for row in rows_of(running))
        created.set()
        await running.until(lambda: len(service.orders) == 3)
        await running.until(lambda: not any("creating" in row for row in rows_of(running)))


async def test_what_waits_stands_in_the_list_and_x_takes_it_out(tmp_path: Path) -> None:
    service = FakeService()
    running_batch = a_batch("busy", total=9, created=NOON - 60)
    service.put(replace(running_batch, model="gpt-4o-mini"))
    five_requests(tmp_path)
    async with stage(tmp_path, service, limits=FULL) as running:
        await ask_for_five(running)
        await running.press("y", "2", "g")
        await running.until(lambda: any("+ five ×3" in row for row in rows_of(running)))
        assert not service.orders  # "busy" was made within the hour
        await running.press("g", "l", "j")
        await running.until(lambda: any("within the hour" in row for row in rows_of(running)))
        assert "queued" in rows_of(running)[0]
        assert "part 1/3  waits: 1 batch was made" in rows_of(running)[1]
        assert "part 2/3  waits for what stands before it" in rows_of(running)[2]
        assert "why       1 batch was made within the hour" in running.app.deck.inspect.facts.text
        await running.press("x")
        assert "Take five 1/3 out of the queue?" in running.said()
        await running.press("y")
        await running.until(lambda: len(running.app.cockpit.queue_runner.entries) == 2)
        await running.press("j", "d")
        assert "out of the queue?" in running.said()
        await running.press("n")
        assert len(running.app.cockpit.queue_runner.entries) == 2
        await running.press("g", "x")
        assert "Take 2 parts out of the queue of five?" in running.said()
        await running.press("2", "enter")
        await running.until(lambda: not running.app.cockpit.queue_runner.entries)
        assert not any("five" in row for row in rows_of(running))


async def test_what_waits_is_there_again_after_a_restart(tmp_path: Path) -> None:
    service = FakeService(a_batch("busy", total=9, created=NOON - 60))
    five_requests(tmp_path)
    async with stage(tmp_path, service, limits=FULL) as running:
        await ask_for_five(running)
        await running.press("y")
        await running.until(lambda: len(running.app.cockpit.queue_runner.entries) == 3)
    service.remove("busy")
    async with stage(tmp_path, service, limits=SMALL) as running:
        await running.until(lambda: len(service.orders) == 3)
        await running.press("2")
        await running.until(lambda: any("+ five ×3" in row for row in rows_of(running)))


async def test_a_file_that_fits_can_wait_in_the_queue_too(tmp_path: Path) -> None:
    service = FakeService(a_batch("busy", total=9, created=NOON - 60))
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "one.jsonl").write_bytes(lines(request_line("r")))
    async with stage(tmp_path, service, limits=FULL) as running:
        await running.press("1")
        await running.until(lambda: running.app.deck.files.report_of(running.workspace / "one.jsonl") is not None)
        await running.press("n")
        await running.until(lambda: "q queue" in running.said())
        await running.press("q")
        await running.until(lambda: len(running.app.cockpit.queue_runner.entries) == 1)
        await running.press("2", "g")
        await running.until(lambda: "waits: 1 batch was made" in rows_of(running)[0])
        assert rows_of(running)[0].startswith("◌ one ")
        assert not service.orders


def spoil(paths: Iterable[str]) -> None:
    for path in paths:
        Path(path).write_bytes(lines(request_line("other")))


async def test_a_queued_part_that_changed_is_told_and_let_go_with_d(tmp_path: Path) -> None:
    service = FakeService(a_batch("busy", total=9, created=NOON - 60))
    five_requests(tmp_path)
    async with stage(tmp_path, service, limits=FULL) as running:
        await ask_for_five(running)
        await running.press("y")
        await running.until(lambda: len(running.app.cockpit.queue_runner.entries) == 3)
        spoil(entry.path for entry in running.app.cockpit.queue_runner.entries)
    service.remove("busy")
    async with stage(tmp_path, service, limits=SMALL) as running:
        await running.until(lambda: any("failed" in row for row in rows_of(running)))
        await running.press("2", "G", "l", "j")
        await running.until(lambda: sum("can't be sent, d dismisses it" in row for row in rows_of(running)) == 3)
        assert not service.orders
        await running.press("d")
        await running.press("y")
        await running.until(lambda: len(running.app.cockpit.queue_runner.entries) == 2)


async def test_queueing_is_no_way_round_typing_the_dollars_of_a_large_cost(tmp_path: Path) -> None:
    service = FakeService()
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "one.jsonl").write_bytes(lines(request_line("r", text="word " * 200_000)))
    async with stage(tmp_path, service, confirm_above=Decimal("0.001")) as running:
        await running.app.cockpit.costs.warm()
        await running.press("1")
        await running.until(lambda: running.app.deck.files.report_of(running.workspace / "one.jsonl") is not None)
        await running.press("n")
        await running.until(lambda: "type 1" in running.said())
        await running.press("q")
        assert "Queue one.jsonl?" in running.said()
        await running.press("y")
        assert not running.app.cockpit.queue_runner.entries
        await running.press("n")
        await running.until(lambda: "type 1" in running.said())
        await running.press("q", "1", "enter")
        await running.until(lambda: len(service.orders) == 1)
