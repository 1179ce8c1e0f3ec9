"""``cost``: before, while and after."""

from __future__ import annotations

import json
import time
from collections import Counter
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


def priced(tmp_path: Path, *profiles: str) -> None:
    """A configuration in which the echo model costs a dollar a token."""
    (tmp_path / "config" / "batch-tui").mkdir(parents=True)
    tables = [f"[profiles.{name}.prices.echo]\ninput = 1000000\noutput = 0\n" for name in profiles]
    (tmp_path / "config" / "batch-tui" / "config.toml").write_text("".join(tables), encoding="utf-8")


def two_batches(run: Run, tmp_path: Path) -> list[str]:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(echo_line(str(number)) for number in range(5)), encoding="utf-8")
    other = tmp_path / "other.jsonl"
    dated: dict[str, object] = {"model": "echo"}
    text = "".join(echo_line(custom_id, model="who", echo=dated) for custom_id in "xy")
    other.write_text(text, encoding="utf-8")
    return [run("submit", source, "--wait")[1][0] for source in (path, other)]


def totals(run: Run, *words: str) -> tuple[int, dict[str, dict[str, object]]]:
    code, lines, _ = run("cost", *words, "--json")
    return code, {record["key"]: record for record in map(json.loads, lines)}


def used(run: Run, batch_id: str) -> int:
    """Input tokens by a plain sum over the result lines."""
    _, paths, _ = run("download", batch_id, "-o", f"{batch_id}-files")
    lines = Path(paths[0]).read_text(encoding="utf-8").splitlines()
    tokens = (json.loads(line)["response"]["body"]["usage"]["prompt_tokens"] for line in lines)
    return sum(tokens)


def test_costs_are_added_up_by_batch_day_and_model(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    priced(tmp_path, "default")
    priced_batch, other = two_batches(run, tmp_path)
    dollars = used(run, priced_batch)
    code, by_batch = totals(run, "--by", "batch")
    assert code == 1, "nobody knows the price of the other model"
    assert by_batch[priced_batch]["cost_usd"] == str(dollars)
    assert by_batch[priced_batch]["synchronous_usd"] == str(2 * dollars)
    assert (by_batch[other]["cost_usd"], by_batch[other]["unknown"]) == (None, 1)
    assert (by_batch["total"]["cost_usd"], by_batch["total"]["unknown"]) == (str(dollars), 1)
    _, by_model = totals(run, "--by", "model")
    assert by_model["echo"]["cost_usd"] == str(dollars)
    assert by_model["who"]["cost_usd"] is None
    _, by_day = totals(run, "--by", "day")
    made = [json.loads(line)["created_at"] for line in run("list", "--json")[1]]
    days = Counter(time.strftime("%Y-%m-%d", time.localtime(at)) for at in made)
    assert {day: by_day[day]["batches"] for day in days} == dict(days)
    assert by_day.keys() == {*days, "total"}
    code, by_lines = totals(run, "--by", "model", "--lines")
    assert code == 0, "the answers themselves tell a model that has a price"
    assert by_lines["echo"]["cost_usd"] == str(dollars + used(run, other))
    code, only = totals(run, "--by", "batch", priced_batch)
    assert code == 0
    assert set(only) == {priced_batch, "total"}
    assert set(totals(run, "--by", "batch", "--since", "0s")[1]) <= {"total"}


def test_costs_are_added_up_over_all_profiles(run: Run, tmp_path: Path) -> None:
    priced(tmp_path, "first", "second")
    path = tmp_path / "in.jsonl"
    path.write_text(echo_line("a"), encoding="utf-8")
    run("submit", path, "--wait", "--profile", "first")
    code, by_profile = totals(run, "--by", "profile")
    assert code == 0
    assert {key: one["batches"] for key, one in by_profile.items()} == {"first": 1, "second": 1, "total": 2}
    assert set(totals(run, "--by", "profile", "--profile", "first")[1]) == {"first", "total"}
    _, lines, _ = run("cost", "--by", "profile")
    assert lines[0].split()[:2] == ["profile", "batches"]
    assert "(synchronous $" in lines[-1]


@pytest.mark.parametrize(
    "words", [["cost"], ["cost", "--by", "day", "--estimate"], ["cost", "--by", "day", "--history"]]
)
def test_what_is_neither_an_estimate_nor_a_sum_is_wrong_usage(run: Run, words: list[str]) -> None:
    assert run(*words)[0] == 2
