"""Two batches held against each other: what differs in Results, both answers side by side, and the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import PARENT_KEY, RequestCounts
from batch_tui.domain.status import BatchStatus
from batch_tui.ui import layout
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.result_files import answer_line, failure_line, request_line
from tests.support.screen import Stage, stage

SIZES = ((80, 24), (120, 36), (200, 50))


def lines(*made: bytes) -> bytes:
    return b"".join(line + b"\n" for line in made)


def ended(
    service: FakeService, name: str, *answers: bytes, ids: str = "", at: int = NOON, parent: str | None = None
) -> None:
    """A batch that brought these answers back."""
    metadata = {PARENT_KEY: parent} if parent else {}
    source = service.add_file(lines(*map(request_line, ids)), purpose="batch")
    service.put(a_batch(name, total=len(answers), created=at, metadata=metadata))
    batch = service.finish(name, output=lines(*answers))
    failed = sum(b'"status_code": 200' not in line for line in answers)
    counts = RequestCounts(len(answers), len(answers) - failed, failed)
    service.put(replace(batch, input_file_id=source.id, counts=counts))


def two() -> FakeService:
    """Two batches of the same six requests, of which four came out differently, and one that runs."""
    service = FakeService()
    before = [*map(answer_line, "sal"), failure_line("g"), failure_line("f")]
    ended(service, "before", *before, ids="salgf", at=NOON - 600)
    after = [
        answer_line("s"),
        answer_line("a", text="changed"),
        failure_line("l", 400, "too_long", "It is too long."),
        answer_line("g", text="at last"),
        failure_line("f", 500, "server_error", "It broke."),
        answer_line("n"),
    ]
    ended(service, "after", *after, ids="salgfn", at=NOON)
    return service


def listed(running: Stage) -> list[str]:
    table = running.app.deck.results.table
    return [running.line_of(table, y) for y in range(1, 1 + len(table.row_ids))]


def comparing(running: Stage) -> bool:
    return running.app.deck.results.is_comparing


async def compare(running: Stage) -> None:
    await running.press("space", "j", "space", "c")
    await running.until(lambda: bool(running.app.deck.results.table.row_ids))


@pytest.mark.parametrize("size", SIZES)
async def test_what_differs_between_two_marked_batches_is_listed(tmp_path: Path, size: tuple[int, int]) -> None:
    async with stage(tmp_path, two(), size=size) as running:
        await compare(running)
        rows = listed(running)
        assert [row.split()[0] for row in rows] == list("algfn")
        assert "other answer" in rows[0]
        assert "ok → ok" in rows[0]
        assert "changed" in rows[0]
        assert "now fails" in rows[1]
        assert "ok → 400" in rows[1]
        assert "too_long It" in rows[1]
        assert "now succeeds" in rows[2]
        assert "fails otherwise" in rows[3]
        assert "429 → 500" in rows[3]
        assert "only in second" in rows[4]
        assert "- → ok" in rows[4]
        assert running.app.deck.panels.current == layout.RESULTS


async def test_the_counts_stand_in_the_title_and_the_sentence_and_the_command_in_events(tmp_path: Path) -> None:
    async with stage(tmp_path, two(), size=(200, 50)) as running:
        await compare(running)
        await running.press("f")
        title = running.line_of(running.app.deck.results.title_bar)
        assert "before → after · 1 now fails · 1 now succeeds · 1 other answer · 1 fails otherwise" in title
        assert "1 only in second · 1 the same" in title
        assert (
            "before → after: 1 now fails, 1 now succeeds, 1 other answer, 1 fails otherwise, 1 only"
            in running.said()
        )
        events = running.app.cockpit.events.recent("after")
        assert any("batch-tui compare before after" in (event.command or "") for event in events)


async def test_tokens_stand_side_by_side_where_there_is_room(tmp_path: Path) -> None:
    async with stage(tmp_path, two(), size=(200, 50)) as running:
        await compare(running)
        rows = listed(running)
        assert "10 → 10" in rows[0]
        assert "5 → 5" in rows[0]
        assert "5 → -" in rows[1]
        assert "- → 5" in rows[2]


async def test_the_filter_asks_for_changes_and_shows_what_is_the_same(tmp_path: Path) -> None:
    async with stage(tmp_path, two()) as running:
        await compare(running)
        await running.press("slash", *"change:lost,gained", "enter")
        assert [row.split()[0] for row in listed(running)] == ["l", "g"]
        await running.press("escape", "slash", *"change:same", "enter")
        assert [row.split()[0] for row in listed(running)] == ["s"]
        await running.press("escape", "exclamation_mark")
        assert [row.split()[0] for row in listed(running)] == ["l", "f"]


async def test_a_filter_that_makes_no_sense_is_told_and_hides_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, two()) as running:
        await compare(running)
        await running.press("slash", *"change:worse")
        assert "change is never worse" in running.said()
        await running.press("escape")
        assert len(listed(running)) == 5
        await running.press("escape", "2", "escape", "enter")
        await running.until(lambda: not running.app.deck.results.is_comparing)
        await running.press("slash", *"change:lost")
        assert "There is no field change" in running.said()


@pytest.mark.parametrize("size", SIZES)
async def test_enter_shows_the_request_and_both_answers(tmp_path: Path, size: tuple[int, int]) -> None:
    async with stage(tmp_path, two(), size=size) as running:
        await compare(running)
        await running.press("enter")
        sides = running.app.deck.results.sides
        shown = (sides.request, sides.conversation, sides.response)
        request, before, after = (
            " ".join(running.line_of(side, y) for y in range(side.size.height)) for side in shown
        )
        assert "Request  a" in request
        assert "Before  before" in before
        assert "After  after" in after
        assert "changed" in after if size != (80, 24) else side_text(running).count("changed") == 1
        is_narrow = size[0] < 100
        assert (sides.response.region.x == sides.conversation.region.x) is is_narrow
        assert sides.request.region.bottom <= sides.conversation.region.y
        await running.press("l")
        assert sides.response.has_focus
        await running.press("h", "h")
        assert sides.request.has_focus
        await running.press("escape")
        assert not running.app.deck.results.is_answer_open
        assert comparing(running)


def side_text(running: Stage) -> str:
    """All of the answer from after, in sight or not."""
    viewer = running.app.deck.results.sides.response
    found: list[str] = []
    for line in range(viewer.line_count):
        viewer.go_to(line)
        found.append(viewer.cursor_text)
    return "\n".join(found)


async def test_esc_brings_back_what_was_there_row_filter_and_pane(tmp_path: Path) -> None:
    async with stage(tmp_path, retried()) as running:
        results, panels = running.app.deck.results, running.app.deck.panels
        await running.press("j", "enter")
        await running.until(lambda: results.joined is not None)
        await running.press("slash", *"outcome:failed", "enter", "j")
        assert results.selection.custom_id == "c"
        await running.press("2", "3", "2")
        assert panels.arrangement.lower == layout.INSPECT
        await running.press("c")
        await running.until(lambda: "now succeeds" in "".join(listed(running)))
        assert panels.arrangement.lower == layout.RESULTS
        await running.press("slash", *"change:gained", "enter", "enter")
        assert results.is_answer_open
        await running.press("escape", "escape")
        assert comparing(running)
        await running.press("escape")
        assert not comparing(running)
        assert (panels.current, panels.arrangement.lower) == (layout.BATCHES, layout.INSPECT)
        await running.press("4")
        assert results.filter_text == "outcome:failed"
        assert [row.split()[0] for row in listed(running)] == ["b", "c"]
        assert results.selection.custom_id == "c"
        assert "1 ok" in running.line_of(results.title_bar)


async def test_enter_on_a_batch_ends_the_comparison_and_a_cursor_that_moves_does_not(tmp_path: Path) -> None:
    async with stage(tmp_path, two(), size=(200, 50)) as running:
        results = running.app.deck.results
        await compare(running)
        await running.press("2", "k", "j", "4")
        assert comparing(running)
        assert len(listed(running)) == 5
        await running.press("2", "enter")
        await running.until(lambda: "3 ok" in running.line_of(results.title_bar))
        assert not comparing(running)
        assert [row.split()[0] for row in listed(running)] == list("salgf")


def retried() -> FakeService:
    """A batch of which two requests were sent again, and one more that has nothing to do with it."""
    service = FakeService()
    ended(service, "first", answer_line("a"), failure_line("b"), failure_line("c"), ids="abc", at=NOON - 900)
    again = [answer_line("b"), failure_line("c", 400, "too_long", "It is too long.")]
    ended(service, "again", *again, ids="bc", at=NOON - 300, parent="first")
    ended(service, "alone", answer_line("a"), ids="a", at=NOON - 1200)
    return service


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_batch_and_its_retry_are_compared_without_marks(tmp_path: Path, steps: int) -> None:
    async with stage(tmp_path, retried(), size=(120, 36)) as running:
        await running.press(*["j"] * steps, "c")
        await running.until(lambda: bool(running.app.deck.results.table.row_ids))
        rows = listed(running)
        assert [row.split()[0] for row in rows] == ["b", "c"]
        assert "now succeeds" in rows[0]
        title = running.line_of(running.app.deck.results.title_bar)
        assert "first → again" in title
        assert "1 not sent again" in title
        assert (
            "first → again: 1 now succeeds, 1 fails otherwise, 1 not sent again, tokens out 0 → 5"
            in running.said()
        )
        await running.press("slash", *"change:only_first", "enter")
        assert "not sent again" in listed(running)[0]


async def test_a_batch_without_a_retry_says_what_to_do(tmp_path: Path) -> None:
    service = retried()
    service.put(a_batch("running", BatchStatus.IN_PROGRESS, created=NOON - 60))
    async with stage(tmp_path, service) as running:
        await running.press("G", "c")
        assert running.said().startswith(
            "Mark exactly two batches (space) to compare their answers; one with a re"
        )
        await running.press("space", "g", "space", "c")
        assert running.said().startswith("running has brought nothing back to compare (in_progress).")
        assert not comparing(running)


async def test_what_is_listed_of_a_comparison_is_what_is_sent_again(tmp_path: Path) -> None:
    async with stage(tmp_path, two()) as running:
        await compare(running)
        selection = running.app.deck.selection
        assert (selection.batch and selection.batch.id, selection.rows) == ("after", frozenset({1, 2, 3, 4, 5}))
        await running.press("slash", *"change:lost", "enter")
        assert running.app.deck.selection.rows == frozenset({2})
        await running.press("escape", "slash", *"change:only_first", "enter", "F")
        assert running.said().startswith("No request of after is listed: esc shows all.")


async def test_two_that_answered_the_same_say_so(tmp_path: Path) -> None:
    service = FakeService()
    ended(service, "before", answer_line("a"), ids="a", at=NOON - 600)
    ended(service, "after", answer_line("a"), ids="a")
    async with stage(tmp_path, service) as running:
        await running.press("space", "j", "space", "c")
        table = running.app.deck.results.table
        await running.until(lambda: "Nothing differs, 1 the same" in running.line_of(table, 1))


async def test_a_comparison_is_stopped_by_esc_and_what_was_there_comes_back(tmp_path: Path) -> None:
    service = two()
    service.hold("download_file")
    async with stage(tmp_path, service) as running:
        results, panels = running.app.deck.results, running.app.deck.panels
        await running.pilot.press("space", "j", "space", "c")
        await running.until_seen(lambda: service.count("download_file") > 0)
        assert running.line_of(results.table, 1).startswith("  Comparing before → after…")
        assert panels.current == layout.RESULTS
        await running.press("escape")
        await running.until(lambda: not results.is_comparing)
        assert running.said().startswith("Stopped: c compares them again.")
        assert panels.current == layout.BATCHES


async def test_a_comparison_that_a_newer_one_replaced_takes_nothing_away(tmp_path: Path) -> None:
    service = two()
    ready = service.hold("download_file")
    async with stage(tmp_path, service) as running:
        await running.pilot.press("space", "j", "space", "c")
        await running.until_seen(lambda: service.count("download_file") == 1)
        await running.pilot.press("2", "c")
        await running.until_seen(lambda: service.count("download_file") == 2)
        ready.set()
        await running.until(lambda: len(listed(running)) == 5)
        assert comparing(running)
        await running.press("escape")
        assert not comparing(running)
        assert running.app.deck.panels.current == layout.BATCHES


async def test_a_file_that_cannot_be_had_is_told_in_place_of_the_rows(tmp_path: Path) -> None:
    service = two()
    await service.delete_file(service.batches["after"].output_file_id or "")
    async with stage(tmp_path, service) as running:
        results = running.app.deck.results
        await running.press("space", "j", "space", "c")
        await running.until(lambda: "Comparing" not in running.line_of(results.table, 1))
        assert "has no file" in running.line_of(results.table, 1)
        assert "has no file" in running.said()
        assert comparing(running)
        await running.press("escape")
        assert not comparing(running)
