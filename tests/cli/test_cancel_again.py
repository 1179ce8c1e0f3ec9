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


def leave_unconfirmed(batch_id: str, *, intent: str = "c" * 32) -> None:
    """As a run does that sent a cancel and had no answer."""
    settings = settings_for(argparse.Namespace())
    host = connection_of(settings.profile).host
    journal = Journal(settings.paths.state / "operations")
    asyncio.run(journal.save(CancelOperation(intent, batch_id, int(time.time()), host)))


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


@pytest.mark.parametrize("verb", [("list",), ("show", "ID"), ("wait", "ID"), ("queue",), ("files", "list")])
def test_a_verb_tells_of_a_cancel_that_an_earlier_run_could_not_confirm(
    run: Run, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(echo_line("a"), encoding="utf-8")
    _, (batch_id,), _ = run("submit", source, "--wait")
    leave_unconfirmed("batch_of_before")
    words = [batch_id if word == "ID" else word for word in verb]
    code, lines, said = run(*words, "--json")
    assert code == 0
    told = "cancel sent, not confirmed: batch_of_before; batch-tui cancel batch_of_before goes on with all of them"
    assert said.splitlines().count(told) == 1
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "not confirmed" not in "".join(lines)


@pytest.mark.parametrize("verb", [("list",), ("show", "ID")])
def test_a_cancel_whose_batch_is_seen_at_rest_is_not_told_as_open(
    run: Run, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(echo_line("a"), encoding="utf-8")
    _, (batch_id,), _ = run("submit", source, "--wait")
    leave_unconfirmed(batch_id)
    assert "not confirmed" in run("queue")[2], "nobody looked at the batch"
    assert "not confirmed" not in run(*[batch_id if word == "ID" else word for word in verb])[2]


def test_of_many_cancels_that_nobody_confirmed_one_line_tells(run: Run) -> None:
    for number in range(5):
        leave_unconfirmed(f"batch_{number}", intent=f"{number}" * 32)
    _, _, said = run("list")
    (line,) = [line for line in said.splitlines() if "not confirmed" in line]
    assert line.startswith("cancel sent, not confirmed: batch_0, batch_1, batch_2 and 2 more; ")


def test_submit_tells_of_a_cancel_that_an_earlier_run_could_not_confirm(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(echo_line("a"), encoding="utf-8")
    leave_unconfirmed("batch_of_before")
    code, _, said = run("submit", source)
    assert code == 0
    assert "cancel sent, not confirmed: batch_of_before" in said
