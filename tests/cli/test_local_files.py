"""Verbs that need no service: check, wrap, split, completion."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from batch_tui.cli.main import main
from batch_tui.cli.table import VERBS

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def request(custom_id: str) -> dict[str, object]:
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": BODY}


def test_a_valid_file_is_called_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(write(tmp_path / "a.jsonl", request("a"), request("b")))]) == 0
    assert "valid (2 requests" in capsys.readouterr().out


def test_results_are_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"id": "batch_req_1", "custom_id": "a", "response": {"status_code": 200, "body": {}}, "error": None}
    other = answer | {"custom_id": "b"}
    assert main(["check", str(write(tmp_path / "output.jsonl", answer, other))]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "results of a batch, not requests" in line


def test_each_problem_is_an_object_and_the_verdict_is_the_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "a.jsonl", request("a"), request("a"))
    assert main(["check", "--json", str(source)]) == 1
    *problems, verdict = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(problem["line"], problem["code"]) for problem in problems] == [(2, "duplicate_custom_id")]
    assert verdict["valid"] is False
    assert verdict["requests"] == 2


def test_the_verdict_says_what_the_file_will_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        request("a") | {"body": {**BODY, "max_tokens": 1000}},
        request("b") | {"body": {**BODY, "max_tokens": 500}},
    ]
    source = write(tmp_path / "a.jsonl", *lines)
    assert main(["check", "--json", str(source)]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["tokens"] > 0
    low, high = (Decimal(verdict["cost"][bound]["cost_usd"]) for bound in ("low", "high"))
    # gpt-4o-mini in a batch: $0.075 a million in, $0.30 out, at most 1,500 tokens out.
    assert low == verdict["tokens"] * Decimal("0.075") / 10**6
    assert high - low == 1500 * Decimal("0.30") / 10**6
    assert main(["check", "--json", "--no-cost", str(source)]) == 0
    assert json.loads(capsys.readouterr().out)["cost"] is None
    unknown = write(tmp_path / "b.jsonl", request("a") | {"body": {**BODY, "model": "nobody-knows"}})
    assert main(["check", "--json", str(unknown)]) == 0
    assert json.loads(capsys.readouterr().out)["cost"] is None


def test_bare_bodies_are_wrapped_and_then_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, wrapped = write(tmp_path / "bare.jsonl", BODY, BODY), tmp_path / "wrapped.jsonl"
    assert main(["check", str(source)]) == 1
    assert "batch-tui wrap" in capsys.readouterr().out
    assert main(["wrap", str(source), "-o", str(wrapped)]) == 0
    assert main(["check", str(wrapped)]) == 0
    assert main(["wrap", str(source), "-o", str(wrapped)]) == 1  # never over an existing file


def test_parts_put_together_are_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.jsonl", *(request(str(number)) for number in range(10)))
    assert main(["split", str(source), "-o", str(tmp_path / "parts"), "--max-requests", "3"]) == 0
    parts = capsys.readouterr().out.split()
    assert len(parts) == 4
    assert b"".join(Path(part).read_bytes() for part in parts) == source.read_bytes()


@pytest.mark.parametrize("words", [["check", "{}/none.jsonl"], ["check", "{}"], ["wrap", "{}/none", "-o", "{}/o"]])
def test_a_file_that_cannot_be_used_is_one_sentence(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(tmp_path) for word in words]) == 1
    said = capsys.readouterr().err
    assert said.startswith("batch-tui: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_completion_script_is_one_that_the_shell_reads(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(verb.name in script for verb in VERBS)
    if shell == "bash":
        code = f'{script}\nCOMP_WORDS=(batch-tui can); COMP_CWORD=1; _batch_tui; echo "${{COMPREPLY[@]}}"'
        done = subprocess.run(["/bin/bash", "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["cancel"]


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["list", "--no-such-flag"])
    assert "usage:" in capsys.readouterr().err
    assert main(["cancel"]) == 2


def test_a_cost_that_nothing_can_be_read_for_sends_to_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "bare.jsonl", BODY)
    assert main(["cost", str(source)]) == 1
    assert f"batch-tui check {source} says what is wrong" in capsys.readouterr().err
