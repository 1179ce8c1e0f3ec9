"""``results``: which rows, in which form, and what they cost."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from batch_tui.cli.main import main
from tests.support.command_line import Run, command_line, echo_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as call:
        yield call


def answer(custom_id: str, text: str, *, status: int = 200, tokens: int = 0, model: str = "gpt-4o-mini") -> str:
    body: dict[str, object] = {"error": {"code": "bad", "message": text}}
    if status == 200:
        body = {
            "model": model,
            "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens},
        }
    response = {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "i", "custom_id": custom_id, "response": response, "error": None}) + "\n"


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments that name local files: a and b succeeded, c failed, d is missing."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("BATCH_TUI_CONFIG", raising=False)
    (tmp_path / "in.jsonl").write_text("".join(map(echo_line, "abcd")), encoding="utf-8")
    output = answer("b", "a pear", tokens=3_000_000) + answer("a", 'an "apple", =SUM(1)', tokens=1_000_000)
    (tmp_path / "out.jsonl").write_text(output, encoding="utf-8")
    (tmp_path / "err.jsonl").write_text(answer("c", "too long", status=400), encoding="utf-8")
    names = (("--input", "in"), ("--output", "out"), ("--errors", "err"))
    return [word for flag, name in names for word in (flag, str(tmp_path / f"{name}.jsonl"))]


def ids(said: str) -> list[str]:
    return [json.loads(line)["custom_id"] for line in said.splitlines()]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ([], ["a", "b", "c", "d"]),
        (["--status", "ok"], ["a", "b"]),
        (["--status", "missing"], ["d"]),
        (["--where", "status>=400"], ["c"]),
        (["--where", "tokens>2000000"], ["b"]),
        (["--search", "pear"], ["b"]),
        (["--search", "APPLE"], []),
        (["--search", "APPLE", "-i"], ["a"]),
        (["--search", '"apple"'], ["a"]),
        (["--status", "ok", "--search", "too long"], []),
        (["--where", "retry:no"], ["c"]),
    ],
)
def test_every_choice_narrows_the_rows(
    local: list[str], capsys: pytest.CaptureFixture[str], choice: list[str], wanted: list[str]
) -> None:
    assert main(["results", *local, "--json", *choice]) == 1
    assert ids(capsys.readouterr().out) == wanted


def test_jsonl_on_stdout_is_the_result_lines_in_input_order_to_the_byte(
    local: list[str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    main(["results", *local, "--format", "jsonl"])
    pear, apple = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    assert capfdbinary.readouterr().out == apple + pear + (tmp_path / "err.jsonl").read_bytes()


def test_a_pipe_gets_what_a_file_gets(
    local: list[str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for kind in ("jsonl", "csv"):
        main(["results", *local, "--format", kind])
        streamed = capfdbinary.readouterr().out
        main(["results", *local, "--format", kind, "-o", str(tmp_path / kind)])
        assert capfdbinary.readouterr().out == b""
        assert (tmp_path / kind).read_bytes() == streamed


def test_csv_is_one_row_a_request_with_formulas_made_harmless(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["results", *local, "--format", "csv"])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["custom_id"] for row in rows] == list("abcd")
    assert rows[0]["answer"] == 'an "apple", =SUM(1)'
    assert rows[3]["outcome"] == "missing"


def test_parquet_wants_a_file_and_is_never_written_over_another(
    local: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", *local, "--format", "parquet"]) == 2
    target = tmp_path / "out.parquet"
    assert main(["results", *local, "--format", "parquet", "-o", str(target)]) == 1
    assert target.read_bytes()[:4] == b"PAR1"
    assert main(["results", *local, "--format", "parquet", "-o", str(target)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main(["results", *local, "--format", "parquet", "-o", str(target), "--force"]) == 1
    assert "exists already" not in capsys.readouterr().err


def test_the_summary_says_what_was_paid_and_what_it_would_have_been(
    local: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["results", *local, "--summary", "--json"])
    cost = json.loads(capsys.readouterr().out)["cost"]
    # Four million input tokens of gpt-4o-mini at $0.15 a million, half in a batch.
    assert (cost["cost_usd"], cost["synchronous_usd"]) == ("0.3", "0.6")
    main(["results", *local, "--summary"])
    assert "$0.30  (synchronous $0.60)" in capsys.readouterr().out


def test_each_row_says_what_it_cost(local: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["results", *local, "--json"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["cost_usd"] for row in rows] == ["0.075", "0.225", None, None]
    assert [row["synchronous_usd"] for row in rows] == ["0.15", "0.45", None, None]


def test_the_summary_explains_each_cause(local: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", *local, "--summary"]) == 1
    said = capsys.readouterr().out.splitlines()
    place = next(n for n, line in enumerate(said) if "1 × 400 bad: too long" in line)
    assert "malformed. Unchanged it fails again: correct the request. E.g. c" in said[place + 1]
    main(["results", *local, "--summary", "--json"])
    causes = {cause["outcome"]: cause for cause in json.loads(capsys.readouterr().out)["causes"]}
    assert causes["failed"]["can_pass"] is False
    assert causes["missing"]["second_try"] == "A second try can pass."
    assert "no result file" in causes["missing"]["meaning"]


def test_an_unknown_model_is_not_priced_by_a_guess(
    local: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.jsonl").write_text(answer("a", "x", tokens=9, model="who-1"), encoding="utf-8")
    main(["results", *local, "--summary"])
    said = capsys.readouterr().out
    assert "n/a" in said
    assert "who-1" in said


def test_the_profiles_own_price_is_taken(
    local: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "batch-tui" / "config.toml"
    config.parent.mkdir()
    config.write_text('[profiles.p.prices."gpt-4o-mini"]\ninput = 7\n', encoding="utf-8")
    main(["results", *local, "--summary", "--json", "--profile", "p"])
    assert json.loads(capsys.readouterr().out)["cost"]["cost_usd"] == "28"


@pytest.mark.parametrize("words", [["--where", "colour:red"], ["--search", ""]])
def test_a_choice_that_makes_no_sense_is_wrong_usage(
    local: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", *local, *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reader_that_goes_away_ends_it_without_a_word(local: list[str], tmp_path: Path) -> None:
    with (tmp_path / "out.jsonl").open("a", encoding="utf-8") as out:
        out.writelines(answer(f"more-{number}", "x" * 1000) for number in range(500))
    words = [sys.executable, "-m", "batch_tui", "results", *local[2:], "--format", "jsonl"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_the_results_of_a_batch_are_searched_and_summed(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    failing = echo_line("bad", echo={"status": 400, "code": "no", "message": "never"})
    source.write_text("".join(map(echo_line, ("one", "two"))) + failing, encoding="utf-8")
    _, batch, _ = run("submit", source, "--wait")
    code, lines, _ = run("results", batch[0], "--search", "what is two", "--json")
    assert (code, ids("\n".join(lines))) == (1, ["two"])
    _, lines, _ = run("results", batch[0], "--summary", "--json")
    summary = json.loads(lines[0])
    assert summary["succeeded"] == 2
    assert summary["usage"]["input_tokens"] > 0
    assert summary["cost"]["cost_usd"] is None


def test_a_batch_that_was_refused_tells_the_line_at_fault(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    bad = echo_line("b").replace("/v1/chat/completions", "/v1/embeddings")
    path.write_text(echo_line("a") + "\n" + bad, encoding="utf-8")
    _, uploaded, _ = run("files", "upload", path)
    order = {
        "input_file_id": uploaded[0].split()[0],
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    batch = make_batch(order)
    run("wait", batch, "--timeout", "60s")
    code, lines, _ = run("results", batch, "--summary")
    assert code == 1
    place = next(n for n, line in enumerate(lines) if line.startswith("line 3 (b): invalid_url:"))
    assert "is not the endpoint" in lines[place + 1]
    assert "correct the file" in lines[place + 1]
    assert not any("second try can pass" in line for line in lines)
    _, lines, _ = run("results", batch, "--summary", "--json")
    told = json.loads(lines[0])["validation"][-1]
    assert (told["line"], told["custom_id"], told["code"], told["can_pass"]) == (3, "b", "invalid_url", False)


def make_batch(order: dict[str, str]) -> str:
    """Make a batch of a file that ``submit`` would not send."""
    client = openai.OpenAI(api_key=os.environ["OPENAI_API_KEY"], base_url=os.environ["OPENAI_BASE_URL"])
    with client:
        made = client.post("/batches", body=order, cast_to=httpx2.Response)
    return str(json.loads(made.content)["id"])


def test_a_file_is_written_as_its_name_ends(
    local: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, plain = tmp_path / "rows.csv", tmp_path / "rows.out"
    for path in (table, plain):
        assert main(["results", *local, "-o", str(path)]) == 1
    assert "4 rows written" in capsys.readouterr().err
    with table.open(encoding="utf-8", newline="") as opened:
        assert [row["custom_id"] for row in csv.DictReader(opened)] == ["a", "b", "c", "d"]
    assert ids(plain.read_text(encoding="utf-8")) == ["a", "b", "c"]
    assert main(["results", *local, "-o", str(table), "--format", "jsonl", "--force"]) == 1
    assert table.read_bytes() == plain.read_bytes()


def test_a_retry_of_a_refused_batch_says_why_what_is_left_cannot_pass_either(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(echo_line("a") + echo_line("b") + echo_line("b"), encoding="utf-8")
    uploaded = run("files", "upload", source)[1][0]
    batch = make_batch({"input_file_id": uploaded, "endpoint": "/v1/embeddings", "completion_window": "24h"})
    run("wait", batch, "--timeout", "60s")
    code, lines, said = run("retry", batch)
    assert (code, lines) == (1, [])
    assert "left out: 1 × missing its custom_id is that of another line, so no answer can be matched" in said
    assert "2 requests to send again." in said
    assert "invalid_url: The url '/v1/chat/completions' does not match" in said


def test_a_merge_of_what_still_runs_says_so(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    source.write_text(echo_line("slow", echo={"delay_s": 100_000}), encoding="utf-8")
    _, (batch_id,), _ = run("submit", source)
    code, _, said = run("merge", batch_id, "-o", tmp_path / "merged.jsonl")
    assert code == 1
    assert "slow hasn't ended: what it answers is not in it; merge again after the end." in said
