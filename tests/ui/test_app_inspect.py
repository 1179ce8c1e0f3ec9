from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import PARENT_KEY, BatchError, Usage
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY
from batch_tui.domain.pace import Pace
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.panes.overview import OverviewFacts, overview_lines
from batch_tui.ui.session import SessionState
from batch_tui.ui.text.cells import Tone, cell_text
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import stage
from tests.ui.test_app_files import request


def overview(facts: OverviewFacts) -> str:
    return "\n".join(cell_text(line) for line in overview_lines(facts))


def test_a_running_batch_tells_its_parts_its_pace_and_its_durations() -> None:
    batch = a_batch("b", total=1000, completed=500, failed=100, created=NOON - 600)
    batch = replace(batch, times=replace(batch.times, in_progress=NOON - 540))
    pace = Pace(per_minute=60.0, eta_seconds=400.0, still_for=0.0, samples=(10.0, 60.0))
    text = overview(OverviewFacts(batch, now=NOON, pace=pace))
    assert "█ 500 completed  ▒ 100 failed  ░ 400 remaining" in text
    assert "60/min ▂█   eta ~" in text
    assert "· validating 1m00s · in_progress 9m00s" in text


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (BatchStatus.VALIDATING, "rate      none yet, the service checks the input"),
        (BatchStatus.IN_PROGRESS, "rate      not known yet"),
        (BatchStatus.FINALIZING, "rate      every request is done, the service writes the result files"),
    ],
)
def test_where_no_request_runs_it_is_told_why_there_is_no_rate(status: BatchStatus, said: str) -> None:
    assert said in overview(OverviewFacts(a_batch("b", status, total=10), now=NOON)).split("\n")


def test_failures_are_red_in_the_bar() -> None:
    lines = overview_lines(OverviewFacts(a_batch("b", total=100, completed=50, failed=50), now=NOON))
    bar = next(line for line in lines if cell_text(line).startswith("progress"))
    assert any(piece.tone is Tone.ERROR and set(piece.text) == {"▒"} for piece in bar)


def test_the_family_is_told_in_both_directions() -> None:
    first = a_batch("first", BatchStatus.COMPLETED, total=10, completed=8, failed=2)
    again = a_batch("again", total=2, completed=1, metadata={PARENT_KEY: "first"})
    told = overview(OverviewFacts(first, now=NOON, family=(first, again)))
    assert "retried   again  ◔ in_progress  1/2" in told
    assert "retry of  first  ! completed  8/10" in overview(OverviewFacts(again, now=NOON, family=(first, again)))


def test_a_part_tells_its_place_and_which_are_not_there() -> None:
    part = a_batch("p", metadata={GROUP_KEY: "big", PART_KEY: "2/3"})
    told = overview(OverviewFacts(part, now=NOON, family=(part,)))
    assert "2/3 of big   2 parts not there" in told
    assert GROUP_KEY not in told


def test_tokens_are_told_when_the_service_counts_them() -> None:
    batch = replace(a_batch("b"), usage=Usage(input_tokens=1200, output_tokens=34, total_tokens=1234))
    assert "1,200 in   34 out" in overview(OverviewFacts(batch, now=NOON))


async def test_a_validation_error_leads_to_its_line_of_the_input_file(tmp_path: Path) -> None:
    errors = tuple(BatchError(code="bad", message=f"line {n} is bad", line=n, param=None) for n in (3, 7))
    service = FakeService()
    content = "".join(request(n) + "\n" for n in range(1, 11)).encode()
    file = service.add_file(content, name="in.jsonl", purpose="batch")
    service.put(replace(a_batch("b", BatchStatus.FAILED, total=0), errors=errors, input_file_id=file.id))
    async with stage(tmp_path, service, session=SessionState(cursor="b", tab="errors")) as running:
        inspect = running.app.deck.inspect
        await running.press("3")
        assert "2 × bad  The service refused the whole file" in inspect.facts.text
        assert "line 3  line 3 is bad" in inspect.facts.text
        await running.press("j", "enter")
        await running.until(lambda: inspect.tab == "input" and inspect.viewer.cursor_line == 6)
        assert '"r7"' in inspect.viewer.cursor_text


async def test_raw_tells_what_the_cache_knows_when_the_service_was_not_heard(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(replace(a_batch("b"), raw=""))) as running:
        await running.press("3", "left_square_bracket", "left_square_bracket")
        assert running.app.deck.inspect.tab == "raw"
        lines = running.app.deck.inspect.viewer
        shown = "\n".join(running.line_of(lines, y) for y in range(8))
        assert '"id": "b"' in shown
        assert '"endpoint": "/v1/chat/completions"' in shown


async def test_the_tabs_go_round_with_brackets(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(a_batch("b"))) as running:
        await running.press("3")
        seen = []
        for _ in range(6):
            await running.press("right_square_bracket")
            seen.append(running.app.deck.inspect.tab)
        assert seen == ["input", "results", "errors", "raw", "events", "overview"]


async def test_no_tab_is_ever_empty_without_a_word(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "in.jsonl").write_text("{}\n")
    service = FakeService(a_batch("running", total=9, completed=4))
    async with stage(tmp_path, service) as running:
        inspect = running.app.deck.inspect
        await running.press("3")
        inspect.open_tab("results")
        await running.settle()
        assert "running is in_progress (4 of 9 done)" in inspect.facts.text
        inspect.open_tab("errors")
        await running.settle()
        assert "running is in_progress (4 of 9 done)" in inspect.facts.text
        await running.press("1")
        await running.until(lambda: inspect.subject.endswith("in.jsonl"))
        for tab in ("results", "errors", "raw", "events"):
            inspect.open_tab(tab)
            await running.settle()
            assert "Only batches have" in inspect.facts.text


async def test_each_problem_of_a_local_file_leads_to_its_line_there_and_in_the_editor(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "in.jsonl").write_text("{}\n" * 2 + "nonsense\n" + "{}\n")
    async with stage(tmp_path, FakeService()) as running:
        inspect = running.app.deck.inspect
        await running.press("1")
        await running.until(lambda: "bad lines" in inspect.facts.text)
        await running.press("3")
        lines = [target for target in inspect._targets["overview"] if target is not None]
        assert 3 in lines
        await running.press(*"j" * lines.index(3))
        place = running.app.deck.selection.place
        assert place is not None
        assert (place.path.name, place.line) == ("in.jsonl", 3)
        await running.press("enter")
        await running.until(lambda: inspect.tab == "input" and inspect.viewer.cursor_text == "nonsense")
