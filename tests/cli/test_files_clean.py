"""``files clean`` against the gateway: what can go, what is kept, and that nothing goes unasked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import Run, command_line, echo_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as runner:
        yield runner


def write(path: Path, *, delay: float = 0.0) -> Path:
    path.write_text(echo_line("r-1", echo={"delay_s": delay} if delay else None), encoding="utf-8")
    return path


def test_without_a_yes_it_only_tells_what_could_go(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl")
    file_id = run("files", "upload", source)[1][0]
    code, lines, said = run("files", "clean", "--older-than", "0s")
    assert code == 2
    assert file_id in lines[1]
    assert f"Nothing was deleted: 1 remote file, {source.stat().st_size} B could go" in said
    assert len(run("files", "list", "--json")[1]) == 1


def test_young_files_without_a_batch_stay_unless_an_age_is_given(run: Run, tmp_path: Path) -> None:
    run("files", "upload", write(tmp_path / "in.jsonl"))
    code, lines, said = run("files", "clean", "--yes")
    assert (code, lines) == (0, [])
    assert "Nothing to clean: 1 file" in said


def test_files_of_ended_batches_go_by_age_and_those_of_live_ones_stay(run: Run, tmp_path: Path) -> None:
    ended = run("submit", write(tmp_path / "ended.jsonl"))[1][0]
    run("wait", ended, "--timeout", "60s")
    run("submit", write(tmp_path / "live.jsonl", delay=600.0))
    code, lines, _ = run("files", "clean", "--older-than", "0s", "--yes", "--json")
    gone = [json.loads(line) for line in lines]
    assert code == 0
    assert all(record["deleted"] for record in gone)
    assert sorted(record["purpose"] for record in gone) == ["batch", "batch_output"]
    left = [json.loads(line)["filename"] for line in run("files", "list", "--json")[1]]
    assert left == ["live.jsonl"]


def test_an_age_without_clean_is_a_mistake(run: Run) -> None:
    code, _, said = run("files", "list", "--older-than", "1h")
    assert code == 2
    assert "files clean" in said
