"""Cancellations that an earlier run of the command line could not confirm."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_tui.cli.session import connection_of, settings_for
from batch_tui.domain.operation import CancelOperation
from batch_tui.engine.submitting.journal import Journal
from tests.support.command_line import Run, command_line, echo_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as made:
        yield made


def leave_unconfirmed(batch_id: str) -> None:
    """As a run does that sent a cancel and had no answer."""
    settings = settings_for(argparse.Namespace())
    host = connection_of(settings.profile).host
    journal = Journal(settings.paths.state / "operations")
    asyncio.run(journal.save(CancelOperation("c" * 32, batch_id, int(time.time()), host)))


def test_fault_62_cancel_of_an_earlier_run_is_confirmed_by_the_next_cancel(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    source.write_text(echo_line("slow", echo={"delay_s": 100_000}), encoding="utf-8")
    _, (batch_id,), _ = run("submit", source)
    leave_unconfirmed(batch_id)
    code, lines, said = run("cancel", "--active", "--match", "no such name", "--yes")
    assert (code, lines) == (0, []), "what this run was asked for has its own answer"
    assert f"From an earlier run: {batch_id}  confirmed" in said
    assert json.loads(run("show", batch_id, "--json")[1][0])["status"] in {"cancelling", "cancelled"}
    assert "earlier run" not in run("cancel", "--active", "--match", "no such name", "--yes")[2]


def test_fault_62_cancel_of_an_earlier_run_is_no_longer_told_as_open_once_it_is_confirmed(
    run: Run, tmp_path: Path
) -> None:
    source = tmp_path / "slow.jsonl"
    source.write_text(echo_line("slow", echo={"delay_s": 100_000}), encoding="utf-8")
    _, (batch_id,), _ = run("submit", source)
    leave_unconfirmed(batch_id)
    code, lines, said = run("cancel", batch_id, "--yes")
    assert (code, len(lines)) == (0, 1)
    assert f"From an earlier run: {batch_id}  confirmed" in said
    assert f"cancel sent, not confirmed: {batch_id}" not in said


def test_submit_tells_of_a_cancel_that_an_earlier_run_could_not_confirm(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(echo_line("a"), encoding="utf-8")
    leave_unconfirmed("batch_of_before")
    code, _, said = run("submit", source)
    assert code == 0
    assert "cancel sent, not confirmed: batch_of_before" in said
