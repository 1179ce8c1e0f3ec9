"""Names and words of a megabyte in every field of a batch: a row is a row, and the keys answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.status import BatchStatus
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import stage

TEXTS = {
    "line": "x" * 1_000_000,
    "marks": "e" + "\u0301" * 1_000_000,
    "families": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 50_000,
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
async def test_fault_74_list_view_endless_words_are_one_row_each(tmp_path: Path, text: str) -> None:
    odd = replace(
        a_batch("odd", metadata={"batch_tui_name": text, "note": text}),
        status=BatchStatus.UNKNOWN,
        raw_status=text,
        endpoint=text,
        model=text,
    )
    service = FakeService(odd, a_batch("plain", created=NOON - 60))
    async with stage(tmp_path, service) as running:
        table = running.app.deck.batches.table
        assert table.row_ids == ("odd", "plain")
        assert len(running.row("odd")) <= 120
        await running.press("j")
        assert table.cursor_id == "plain"
        await running.press("k", "3")
        assert running.app.deck.panels.current == "inspect"
        await running.press("right_square_bracket", "right_square_bracket", "2")
        assert running.app.deck.panels.current == "batches"
