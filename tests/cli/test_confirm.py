"""A large cost is typed before it is spent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from tests.support.command_line import Run, command_line, echo_line


class Typing(StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """The echo model costs a dollar a token, and the profile asks above twenty dollars."""
    config = tmp_path / "config" / "batch-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    prices = "[profiles.default.prices.echo]\ninput = 1000000\noutput = 1000000\n"
    config.write_text(f"[profiles.default]\nconfirm_above = 20\n{prices}", encoding="utf-8")
    with command_line(tmp_path, monkeypatch, capsys) as call:
        yield call


def failed_batch(run: Run, tmp_path: Path, **more: object) -> str:
    path = tmp_path / "in.jsonl"
    path.write_text(echo_line("a", echo={"status": 500, "times": 1}, **more), encoding="utf-8")
    return run("submit", path, "--wait", "--yes")[1][0]


def test_a_large_cost_is_not_spent_unless_it_is_typed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = failed_batch(run, tmp_path, max_tokens=1_000)
    code, lines, said = run("retry", batch, "--submit")
    assert (code, lines) == (2, [])
    assert "more than $20.00" in said
    assert "--yes" in said
    dollars = said.split("at most $")[1].split(";")[0].replace(",", "")
    for typed in ("y", str(int(dollars) - 1)):
        monkeypatch.setattr(sys, "stdin", Typing(f"{typed}\n"))
        assert run("retry", batch, "--submit")[0] == 2
    monkeypatch.setattr(sys, "stdin", Typing(f"{dollars}\n"))
    assert run("retry", batch, "--submit")[0] == 0
    assert len(run("list", "--json")[1]) == 2


def test_who_said_yes_is_not_asked(run: Run, tmp_path: Path) -> None:
    batch = failed_batch(run, tmp_path, max_tokens=1_000)
    assert run("retry", batch, "--submit", "--yes")[0] == 0


def test_a_small_cost_needs_no_word(run: Run, tmp_path: Path) -> None:
    batch = failed_batch(run, tmp_path, max_tokens=1)
    code, _, said = run("retry", batch, "--submit")
    assert code == 0
    assert "Cost" not in said


def test_a_submit_asks_too_and_sends_nothing_without_the_word(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(echo_line("a", max_tokens=1_000), encoding="utf-8")
    code, lines, said = run("submit", path)
    assert (code, lines) == (2, [])
    assert "Nothing was sent." in said
    assert run("list", "--json")[1] == []
    dollars = said.split("at most $")[1].split(";")[0].replace(",", "")
    monkeypatch.setattr(sys, "stdin", Typing(f"{dollars}\n"))
    assert run("submit", path, "--queue")[0] == 0
    assert len(run("list", "--json")[1]) == 1


def test_a_retry_goes_through_the_queue(run: Run, tmp_path: Path) -> None:
    batch = failed_batch(run, tmp_path)
    code, lines, _ = run("retry", batch, "--submit", "--queue")
    assert code == 0
    shown = json.loads(run("show", lines[0], "--json")[1][0])
    assert shown["metadata"]["batch_tui_parent"] == batch
