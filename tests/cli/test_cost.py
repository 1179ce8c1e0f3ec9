"""``cost``: before, while and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_tui.cli.main import main
from tests.support.command_line import Run, command_line, echo_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as call:
        yield call


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("BATCH_TUI_CONFIG", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    path = tmp_path / "in.jsonl"
    lines = (echo_line(str(number), model="gpt-4o-mini", max_tokens=1_000) for number in range(100))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_a_file_is_estimated_without_key_or_network(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", str(source), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["requests"] == 100
    # At most 100 x 1,000 tokens at $0.30 a million, beside the input at $0.075 a million.
    low, high = float(record["low"]["cost_usd"]), float(record["high"]["cost_usd"])
    assert low == pytest.approx(record["input_tokens"] * 0.075 / 1e6)
    assert high - low == pytest.approx(0.03)
    assert record["likely"] is None
    assert main(["cost", str(source)]) == 0
    assert "at most $0.03" in capsys.readouterr().out


def test_the_estimate_and_the_exact_count_are_told_apart(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["cost", str(source), "--estimate"])
    assert "~" in capsys.readouterr().out
    main(["cost", str(source), "--exact"])
    assert "~" not in capsys.readouterr().out


def test_a_model_nobody_knows_is_said_to_have_no_price(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source.write_text(echo_line("a"), encoding="utf-8")
    assert main(["cost", str(source)]) == 1
    said = capsys.readouterr().out
    assert "n/a" in said
    assert "for echo" in said
    (tmp_path / "batch-tui").mkdir()
    table = "[profiles.default.prices.echo]\ninput = 1000000\noutput = 0\n"
    (tmp_path / "batch-tui" / "config.toml").write_text(table, encoding="utf-8")
    assert main(["cost", str(source), "--json", "--estimate"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["low"]["cost_usd"] == str(record["input_tokens"])
    assert record["high"] is None


def test_an_ended_batch_costs_what_its_answers_used(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config" / "batch-tui").mkdir(parents=True)
    table = "[profiles.default.prices.echo]\ninput = 1000000\noutput = 0\n"
    (tmp_path / "config" / "batch-tui" / "config.toml").write_text(table, encoding="utf-8")
    path = tmp_path / "in.jsonl"
    path.write_text("".join(echo_line(str(number)) for number in range(5)), encoding="utf-8")
    _, ids, _ = run("submit", path, "--wait")
    code, lines, _ = run("cost", ids[0], "--json")
    record = json.loads(lines[0])
    assert code == 0
    used = record["by_model"][0]["usage"]["input_tokens"]
    assert used > 0
    assert record["cost_usd"] == str(used)
    assert record["synchronous_usd"] == str(2 * used)
    code, lines, _ = run("cost", path, "--history", "--json", "--estimate")
    assert code == 0
    assert json.loads(lines[0])["likely"] is not None


def test_a_running_batch_of_which_nothing_is_done_has_cost_nothing_and_promises_nothing(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "slow.jsonl"
    path.write_text(echo_line("slow", echo={"delay_s": 100_000}), encoding="utf-8")
    _, ids, _ = run("submit", path)
    _, lines, _ = run("cost", ids[0])
    assert [line.split()[-1] for line in lines if line.startswith("at the end")] == ["n/a"]
    assert run("cancel", ids[0], "--yes")[0] == 0
