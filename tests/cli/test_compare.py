"""``compare``: two batches on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Run, command_line, echo_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as call:
        yield call


def test_two_batches_are_compared_by_custom_id(run: Run, tmp_path: Path) -> None:
    before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    before.write_text(
        echo_line("same") + echo_line("answer") + echo_line("lost") + echo_line("gone"), encoding="utf-8"
    )
    after.write_text(
        echo_line("answer", echo={"length": 40})
        + echo_line("lost", echo={"status": 400, "code": "no"})
        + echo_line("same")
        + echo_line("new"),
        encoding="utf-8",
    )
    _, first, _ = run("submit", before, "--wait")
    _, second, _ = run("submit", after, "--wait")
    code, lines, _ = run("compare", first[0], second[0], "--json", "--show", "outcome", "--show", "answer")
    *shown, counts = map(json.loads, lines)
    changed = {one["custom_id"]: one for one in shown}  # in the order of the answers, which is any
    assert code == 1
    assert {name: one["change"] for name, one in changed.items()} == {"answer": "answer", "lost": "outcome"}
    assert changed["lost"]["second"]["status_code"] == 400
    assert {name: counts[name] for name in ("same", "answer", "outcome", "only_first", "only_second")} == {
        "same": 1,
        "answer": 1,
        "outcome": 1,
        "only_first": 1,
        "only_second": 1,
    }
    assert (counts["gained"], counts["lost"]) == (0, 1)
    assert counts["second_tokens"][1] > 0
    _, paths, _ = run("download", first[0], "-o", tmp_path / "saved")
    code, lines, _ = run("compare", first[0], paths[0])
    assert code == 0
    assert any(line.startswith("the same") and line.split()[-1] == "4" for line in lines)


def test_an_unknown_batch_is_exit_code_3(run: Run) -> None:
    assert run("compare", "batch_x", "batch_y")[0] == 3
