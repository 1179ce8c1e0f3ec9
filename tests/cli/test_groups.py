"""A file over the limits on the command line: split, queued, retried and merged as one."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_tui.domain.limits import OPENAI_LIMITS
from batch_tui.domain.queueing import QueueEntry
from batch_tui.engine.queueing.queue import Queue
from batch_tui.gateway.options import GatewayOptions
from tests.support.command_line import Run, command_line, echo_line
from tests.support.gateway import FAST


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """The gateway's queue has room for two parts at a time, and doesn't say so before it refuses one."""
    limits = replace(OPENAI_LIMITS, max_requests=40, enqueued_tokens=2_200)
    told = GatewayOptions(data=tmp_path / "gateway", speed=FAST, api_key="the-key", limits=limits)
    config = tmp_path / "config" / "batch-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[profiles.default.limits]\nmax_requests = 40\n", encoding="utf-8")
    with command_line(tmp_path, monkeypatch, capsys, options=told) as call:
        yield call


def test_a_large_file_goes_through_split_queue_retry_and_merge_to_one_output(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "big.jsonl"
    lines = [
        echo_line(f"r-{n}", echo={"status": 500, "times": 1} if n % 25 == 0 else None, max_tokens=n)
        for n in range(150)
    ]
    source.write_text("".join(lines), encoding="utf-8")
    code, _, said = run("submit", source)
    assert code == 1
    assert "submit --split" in said

    code, ids, said = run("submit", source, "--split", "--queue", "--name", "big", "--wait")
    assert code == 1, "six requests failed"
    assert len(ids) == 4
    group = said.split("group ")[1].split()[0]
    shown = [json.loads(run("show", batch_id, "--json")[1][0]) for batch_id in ids]
    assert sorted(batch["metadata"]["batch_tui_part"] for batch in shown) == ["1/4", "2/4", "3/4", "4/4"]
    assert {batch["metadata"]["batch_tui_group"] for batch in shown} == {group}

    code, paths, _ = run("retry", group, "-o", tmp_path / "again.jsonl")
    assert code == 0
    assert Path(paths[0]).read_text(encoding="utf-8") == "".join(lines[n] for n in range(0, 150, 25))
    code, again, _ = run("retry", group, "--submit")
    assert code == 0
    assert run("wait", again[0], "--timeout", "60s")[0] == 0

    for member in (group, ids[2], again[0]):
        merged = tmp_path / "merged.jsonl"
        assert run("merge", member, "-o", merged, "--force")[0] == 0
        answers = [json.loads(line) for line in merged.read_text(encoding="utf-8").splitlines()]
        assert [line["custom_id"] for line in answers] == [f"r-{n}" for n in range(150)]
        assert all(line["response"]["status_code"] == 200 for line in answers)
    code, rows, _ = run("results", group, "--merged", "--summary", "--json")
    assert code == 0
    assert json.loads(rows[0])["succeeded"] == 150


def test_wait_and_watch_take_a_group_and_count_what_its_retries_answered(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "big.jsonl"
    once: dict[str, object] = {"status": 500, "times": 1}
    source.write_text("".join(echo_line(f"r-{n}", echo=None if n else once) for n in range(60)), encoding="utf-8")
    _, ids, said = run("submit", source, "--split")
    group = said.split("group ")[1].split()[0]
    assert run("wait", group, "--timeout", "60s")[0] == 1, "one request has no answer yet"
    _, again, _ = run("retry", group, "--submit")
    code, told, _ = run("watch", group)
    assert code == 0, "with the retry every request has an answer"
    assert {line.split()[0] for line in told} == {*ids, *again}
    assert run("wait", again[0], group, "--timeout", "60s")[0] == 0
    assert run("wait", ids[0], "--timeout", "60s")[0] == 1, "the part itself stays as it ended"
    assert run("wait", "0" * 32)[0] == 3


def test_the_outputs_of_a_group_are_fetched_as_one(run: Run, tmp_path: Path) -> None:
    source, here = tmp_path / "big.jsonl", tmp_path / "parts" / "here"
    failing: dict[str, object] = {"status": 500, "times": 1}
    lines = (echo_line(f"r-{n}", echo=failing if n % 10 == 0 else None) for n in range(60))
    source.write_text("".join(lines), encoding="utf-8")
    _, _, said = run("submit", source, "--split", "--wait")
    group = said.split("group ")[1].split()[0]
    code, paths, said = run("download", group, "-o", here)
    assert code == 0
    assert [Path(path).name for path in paths] == ["big_output.jsonl", "big_errors.jsonl"]
    answers, failures = (
        [json.loads(line)["custom_id"] for line in Path(path).read_text(encoding="utf-8").splitlines()]
        for path in paths
    )
    assert sorted(answers + failures) == sorted(f"r-{n}" for n in range(60))
    assert sorted(failures) == sorted(f"r-{n}" for n in range(0, 60, 10))
    assert run("download", group, "-o", here)[0] == 1, "never over what is there"
    run("wait", *run("retry", group, "--submit")[1], "--timeout", "60s")
    code, _, said = run("download", group, "-o", here, "--force")
    assert code == 0
    assert "sent again (in 1 batch) is not in it" in said
    code, merged, _ = run("download", group, "--merge", "-o", tmp_path / "merged", "--json")
    assert code == 0
    path = tmp_path / "merged" / "big_merged.jsonl"
    assert json.loads(merged[0]) == {"id": group, "merged": str(path)}
    assert len(path.read_bytes().splitlines()) == 60


def test_a_merge_goes_into_a_table_too_and_names_what_never_succeeded(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "big.jsonl"
    hopeless: dict[str, object] = {"status": 400, "code": "context_length_exceeded"}
    source.write_text(
        "".join(echo_line(f"r-{n}", echo=hopeless if n % 2 else None) for n in range(60)), encoding="utf-8"
    )
    _, _, said = run("submit", source, "--split", "--wait")
    group = said.split("group ")[1].split()[0]
    table = tmp_path / "all.csv"
    code, paths, said = run("merge", group, "-o", table)
    assert (code, paths) == (1, [str(table)])
    assert "30 requests of 60 never succeeded" in said
    assert "r-39  failed  context_length_exceeded" in said
    assert "r-41" not in said
    assert "and 10 more" in said
    with table.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["custom_id"] for row in rows] == [f"r-{n}" for n in range(60)]
    assert {row["outcome"] for row in rows[::2]} == {"succeeded"}
    code, lines, _ = run("merge", group, "-o", tmp_path / "all.parquet", "--json")
    assert code == 1
    *unfinished, last = [json.loads(line) for line in lines]
    assert [row["custom_id"] for row in unfinished] == [f"r-{n}" for n in range(1, 60, 2)]
    assert (last["requests"], last["succeeded"]) == (60, 30)
    table = importlib.import_module("pyarrow.parquet").read_table(tmp_path / "all.parquet")
    assert table.column("custom_id").to_pylist() == [f"r-{n}" for n in range(60)]
    assert run("merge", group, "-o", tmp_path / "odd.csv", "--format", "jsonl")[0] == 1
    assert json.loads((tmp_path / "odd.csv").read_text(encoding="utf-8").splitlines()[1])["custom_id"] == "r-1"


def test_a_group_that_still_runs_is_fetched_as_far_as_it_is(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    slow: dict[str, object] = {"delay_s": 100_000}
    source.write_text("".join(echo_line(f"r-{n}", echo=slow) for n in range(50)), encoding="utf-8")
    _, _, said = run("submit", source, "--split")
    group = said.split("group ")[1].split()[0]
    code, lines, said = run("download", group, "-o", tmp_path)
    assert (code, lines) == (1, [])
    assert "results are not complete" in said
    assert run("cancel", "--group", group, "--yes")[0] == 0
    assert run("download", "f" * 32)[0] == 3


def test_without_the_queue_parts_are_sent_at_once_and_a_missing_one_is_named(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "big.jsonl"
    source.write_text("".join(echo_line(f"r-{n}") for n in range(50)), encoding="utf-8")
    code, ids, _ = run("submit", source, "--split", "--wait", "--json")
    assert code == 0
    parts = [json.loads(line) for line in ids]
    assert [part["metadata"]["batch_tui_name"] for part in parts] == ["big 1/2", "big 2/2"]


def test_a_retry_that_is_too_large_for_one_batch_goes_in_parts(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "big.jsonl"
    failing: dict[str, object] = {"status": 500, "times": 1}
    source.write_text("".join(echo_line(f"r-{n}", echo=failing) for n in range(60)), encoding="utf-8")
    _, ids, said = run("submit", source, "--split", "--queue", "--wait")
    group = said.split("group ")[1].split()[0]
    code, again, _ = run("retry", group, "--submit", "--json")
    assert code == 0
    sent = [json.loads(line) for line in again]
    assert len(ids) == len(sent) == 2
    assert {batch["metadata"]["batch_tui_parent"] for batch in sent} <= set(ids)
    run("wait", *(batch["id"] for batch in sent), "--timeout", "60s")
    assert run("merge", group, "-o", tmp_path / "merged.jsonl")[0] == 0
    lines = (tmp_path / "merged.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["custom_id"] for line in lines] == [f"r-{n}" for n in range(60)]


def test_a_group_is_cancelled_as_one(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    slow: dict[str, object] = {"delay_s": 100_000}
    source.write_text("".join(echo_line(f"r-{n}", echo=slow) for n in range(50)), encoding="utf-8")
    _, ids, said = run("submit", source, "--split")
    group = said.split("group ")[1].split()[0]
    assert run("cancel", group, "--group", group)[0] == 2
    code, lines, _ = run("cancel", "--group", group, "--yes")
    assert code == 0
    assert {line.split()[0] for line in lines} == set(ids)
    code, lines, said = run("cancel", "--group", "nothing", "--yes")
    assert (code, lines) == (0, [])
    assert "Nothing to cancel." in said


def test_a_group_is_shown_and_cancelled_by_its_id(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    source.write_text("".join(echo_line(f"s-{n}", echo={"delay_s": 100_000}) for n in range(50)), encoding="utf-8")
    _, ids, said = run("submit", source, "--split")
    group = said.split("group ")[1].split()[0]
    shown = run("show", group)
    assert shown[1] == run("groups", group)[1]
    assert len(shown[1]) == 1 + 1 + len(ids)
    assert json.loads(run("show", group, "--json")[1][0])["id"] == group
    assert run("show", "0" * 32)[0] == 3
    code, lines, _ = run("cancel", group, "--yes", "--json")
    assert code == 0
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(ids)


def test_an_empty_queue_says_so(run: Run) -> None:
    code, lines, said = run("submit", "--queue")
    assert (code, lines) == (0, [])
    assert "empty" in said
    assert run("submit")[0] == 2


def test_results_costs_and_comparisons_take_a_group_too(run: Run, tmp_path: Path) -> None:
    table = "[profiles.default.prices.echo]\ninput = 1000000\noutput = 0\n"
    config = tmp_path / "config" / "batch-tui" / "config.toml"
    config.write_text(config.read_text(encoding="utf-8") + table, encoding="utf-8")
    source = tmp_path / "big.jsonl"
    failing: dict[str, object] = {"status": 500, "times": 1}
    lines = [echo_line(f"r-{n}", echo=failing if n == 3 else None) for n in range(50)]
    source.write_text("".join(lines), encoding="utf-8")
    _, ids, said = run("submit", source, "--split", "--wait")
    group = said.split("group ")[1].split()[0]
    (again,) = run("retry", group, "--submit")[1]
    run("wait", again, "--timeout", "60s")
    code, shown, _ = run("results", group, "--summary", "--json")
    summary = json.loads(shown[0])
    assert (code, summary["requests"], summary["succeeded"]) == (0, 50, 50)
    code, shown, _ = run("cost", group, "--json")
    told = json.loads(shown[0])
    assert (code, told["batches"]) == (0, 3)
    assert told["cost_usd"] == summary["cost"]["cost_usd"] == str(summary["usage"]["input_tokens"])
    assert run("cost", group)[1][-1].split()[0] == "cost"
    code, shown, _ = run("compare", group, ids[0], "--json")
    difference = json.loads(shown[0])
    assert (difference["same"], difference["outcome"], difference["only_first"]) == (39, 1, 10)


def test_what_waits_is_listed_with_its_reason_and_dropped(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    slow: dict[str, object] = {"delay_s": 100_000}
    source.write_text("".join(echo_line(f"r-{n}", echo=slow) for n in range(50)), encoding="utf-8")
    assert run("queue") == (0, [], "The queue is empty.\n")
    with pytest.MonkeyPatch.context() as patch:
        # The process ends before it sends anything.
        patch.setattr(Queue, "run", _ended)
        _, _, said = run("submit", source, "--split", "--queue", "--name", "slow")
    group = said.split("group ")[1].split()[0]
    _, lines, _ = run("queue", "--json")
    entries = [json.loads(line) for line in lines]
    assert [(entry["name"], entry["stage"], entry["requests"]) for entry in entries] == [
        ("slow 1/2", "waiting", 40),
        ("slow 2/2", "waiting", 10),
    ]
    _, lines, _ = run("groups", "--json")
    (told,) = map(json.loads, lines)
    assert (told["id"], told["status"], told["request_counts"]["total"]) == (group, "queued", 50)
    assert run("queue", "--drop", "nobody")[0] == 2
    assert run("queue", "--drop", group)[0] == 2, "nobody is there to be asked"
    code, dropped, _ = run("queue", "--drop", entries[0]["id"], "--yes")
    assert (code, dropped) == (0, [entries[0]["id"]])
    _, lines, _ = run("queue")
    assert [line.split()[1:4] for line in lines[1:]] == [["slow", "2/2", "waiting"]]
    code, dropped, _ = run("queue", "--drop", group, "--yes", "--json")
    assert (code, [json.loads(line)["name"] for line in dropped]) == (0, ["slow 2/2"])


async def _ended(_: Queue, **_more: object) -> tuple[QueueEntry, ...]:
    return ()


def test_a_group_is_one_line_that_unfolds(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "big.jsonl"
    failing: dict[str, object] = {"status": 500, "times": 1}
    lines = (echo_line(f"r-{n}", echo=failing if n == 3 else None) for n in range(50))
    source.write_text("".join(lines), encoding="utf-8")
    assert "There is no group" in run("groups")[2]
    _, ids, said = run("submit", source, "--split", "--wait")
    group = said.split("group ")[1].split()[0]
    _, shown, _ = run("groups")
    assert shown[1].split() == [group, "big", "2", "completed", "50/50", "(100%)", "1", "failed"]
    (again,) = run("retry", group, "--submit")[1]
    run("wait", again, "--timeout", "60s")
    code, unfolded, _ = run("groups", again)
    assert code == 0
    assert unfolded[0].endswith("50/50 (100%)"), "what the retry answered is completed"
    assert [line.split()[:2] for line in unfolded[2:4]] == [["part", "1/2"], ["part", "2/2"]]
    assert unfolded[4].split()[:2] == ["retry", again]
    assert all(batch_id in " ".join(unfolded) for batch_id in ids)
    assert run("groups", "f" * 32)[0] == 3
