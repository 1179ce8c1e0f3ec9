"""A megabyte where a word was expected: only what can be seen of it is laid out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.batch import NAME_KEY, NAME_LIMIT, BatchError
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.panes import facts
from batch_tui.ui.session import SessionState
from batch_tui.ui.text.cells import Cell
from batch_tui.ui.text.wrapping import wrapped
from tests.support.batches import a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import stage

MEGABYTE = 1_000_000


def account() -> FakeService:
    named = replace(a_batch("b"), metadata={NAME_KEY: "word " * (MEGABYTE // 5)}, raw="[" + "1," * MEGABYTE + "1]")
    return FakeService(replace(named, status=BatchStatus.UNKNOWN, raw_status="a state " * (MEGABYTE // 8)))


async def test_fault_74_view_a_name_is_never_longer_than_the_api_lets_it_be(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        batch = running.app.cockpit.store.get("b")
        assert batch is not None
        assert len(batch.name) == NAME_LIMIT
        assert "word word" in running.row("b")


async def test_fault_74_view_a_note_of_a_megabyte_is_cut_before_it_is_folded(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), size=(200, 50)) as running:
        await running.press("4")
        table = running.app.deck.results.table
        lines = [running.line_of(table, y) for y in range(table.size.height)]
        assert "a state a state" in "".join(lines)
        assert any(line.endswith("…") for line in lines)
        assert not lines[-1], "its end is in sight"


async def test_fault_74_view_of_a_megabyte_of_reply_the_begin_is_shown_and_the_rest_is_counted(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, account(), session=SessionState(tab="raw", pane="inspect")) as running:
        await running.press("2", "3", "left_square_bracket", "right_square_bracket", "G")
        await running.until(lambda: "batch-tui show b --json" in running.app.deck.inspect.selection.text)


async def test_fault_74_view_of_a_thousand_errors_those_in_sight_are_folded_and_the_end_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded: list[Cell] = []

    def watched(content: Cell, width: int) -> list[Cell]:
        folded.append(content)
        return wrapped(content, width)

    monkeypatch.setattr(facts, "wrapped", watched)
    errors = tuple(BatchError(f"code-{number}", "word " * 40, line=number) for number in range(1, 1001))
    failed = replace(a_batch("b", status=BatchStatus.FAILED), errors=errors)
    async with stage(tmp_path, FakeService(failed), session=SessionState(tab="errors", pane="inspect")) as running:
        pane = running.app.deck.inspect
        await running.until(lambda: len(pane.facts.lines) > len(errors))
        folded.clear()
        await running.poll()
        running.app.deck.inspector.at_batch(failed)
        assert len(folded) <= pane.facts.size.height
        await running.press("G")
        assert pane.facts.target == 1000
        last = [running.line_of(pane.facts, y) for y in range(pane.facts.size.height)]
        assert any("line 1000" in line for line in last)
        await running.press("g")
        assert pane.facts.target == 1
        assert "code-1 " in running.line_of(pane.facts, 0)
