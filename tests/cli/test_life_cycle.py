"""The command line against the embedded gateway: the whole life of a batch, as a script lives it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.command_line import Run, command_line, echo_line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as made:
        yield made


def write_input(path: Path, count: int = 20, *, failing: int = 0) -> Path:
    """A batch input for the echo model; the first ``failing`` requests fail once, with a 429, then pass."""
    fails_once: dict[str, object] = {"status": 429, "code": "rate_limit_exceeded", "times": 1}
    lines = [echo_line(f"r-{number}", echo=fails_once if number < failing else None) for number in range(count)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def submitted(run: Run, source: Path, *words: str) -> str:
    """Submit a file and wait for its end; gives the batch's id."""
    code, ids, _ = run("submit", source, *words)
    assert code == 0
    assert len(ids) == 1
    run("wait", ids[0], "--timeout", "60s")
    return ids[0]


def test_a_batch_is_shown_with_the_services_words_and_ours(run: Run, tmp_path: Path) -> None:
    batch_id = submitted(run, write_input(tmp_path / "in.jsonl", failing=3), "--name", "first try")
    code, lines, _ = run("show", batch_id, "--json")
    shown = json.loads(lines[0])
    assert code == 0
    assert shown["status"] == "completed"
    assert shown["request_counts"] == {"total": 20, "completed": 17, "failed": 3}
    assert shown["derived"]["name"] == "first try"
    assert shown["derived"]["intent"] == shown["metadata"]["batch_tui_intent"]
    assert run("wait", batch_id)[0] == 1  # three requests failed


def test_what_came_back_is_downloaded_and_counted_by_cause(run: Run, tmp_path: Path) -> None:
    batch_id = submitted(run, write_input(tmp_path / "in.jsonl", failing=3))
    code, paths, _ = run("download", batch_id, "-o", tmp_path / "saved")
    assert code == 0
    assert sum(len(Path(path).read_bytes().splitlines()) for path in paths) == 20
    code, lines, _ = run("results", batch_id, "--summary", "--json")
    summary = json.loads(lines[0])
    assert code == 1
    assert (summary["succeeded"], summary["failed"], summary["missing"]) == (17, 3, 0)
    assert summary["causes"][0]["code"] == "rate_limit_exceeded"
    assert summary["causes"][0]["can_pass"] is True


def test_what_failed_is_sent_again_and_merged_into_one_output(run: Run, tmp_path: Path) -> None:
    source = write_input(tmp_path / "in.jsonl", failing=3)
    batch_id = submitted(run, source)
    retry = tmp_path / "again.jsonl"
    code, lines, _ = run("retry", batch_id, "-o", retry)
    assert code == 0
    assert lines == [str(retry)]
    assert retry.read_bytes() == b"".join(source.read_bytes().splitlines(keepends=True)[:3])

    code, again, _ = run("retry", batch_id, "--submit")
    assert code == 0
    assert run("wait", again[0], "--timeout", "60s")[0] == 0

    merged = tmp_path / "merged.jsonl"
    for member in (batch_id, again[0]):  # the family is found from any of its members
        assert run("merge", member, "-o", merged, "--force")[0] == 0
        results = [json.loads(line) for line in merged.read_text(encoding="utf-8").splitlines()]
        assert [result["custom_id"] for result in results] == [f"r-{number}" for number in range(20)]
        assert all(result["response"]["status_code"] == 200 for result in results)


def test_requests_that_fail_at_random_are_sent_again_until_none_is_left_and_merged(
    run: Run, tmp_path: Path
) -> None:
    dice = random.Random(5)
    lines = []
    for number, times in enumerate(dice.sample([0] * 55 + [1, 1, 1, 2, 3], 60)):
        body: dict[str, object] = {"model": "echo", "messages": [{"role": "user", "content": str(number)}]}
        if times:
            body["echo"] = {"status": dice.choice([429, 500, 503]), "times": times}
        line = {"custom_id": f"r-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
        lines.append(json.dumps(line) + "\n")
    source = tmp_path / "sixty.jsonl"
    source.write_text("".join(lines), encoding="utf-8")
    _, first, _ = run("submit", source, "--wait")
    sizes = []
    while (sent := run("retry", first[0], "--submit"))[1]:  # always named by the first: what is answered stays so
        code, shown, _ = run("show", sent[1][0], "--json")
        assert code == 0
        run("wait", sent[1][0], "--timeout", "60s")
        sizes.append(json.loads(run("show", sent[1][0], "--json")[1][0])["request_counts"]["total"])
        assert json.loads(shown[0])["metadata"]["batch_tui_parent"] == first[0]
    assert sizes == [5, 2, 1]
    merged = tmp_path / "merged.jsonl"
    code, shown, _ = run("merge", first[0], "-o", merged, "--json")
    assert code == 0
    assert json.loads(shown[0])["succeeded"] == 60
    answers = [json.loads(line) for line in merged.read_text(encoding="utf-8").splitlines()]
    assert [line["custom_id"] for line in answers] == [f"r-{number}" for number in range(60)]
    assert all(line["response"]["status_code"] == 200 for line in answers)


def test_a_field_is_set_anew_before_the_requests_are_sent_again(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    body = {"model": "echo", "messages": [], "max_tokens": 5, "echo": {"status": 400, "code": "too_short"}}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    source.write_text(json.dumps(line) + "\n", encoding="utf-8")
    _, first, _ = run("submit", source, "--wait")
    assert run("retry", first[0])[2].count("Nothing to send again") == 1
    target = tmp_path / "again.jsonl"
    words = ("--include-permanent", "--set", "body.max_tokens=2000", "--unset", "body.echo")
    code, shown, said = run("retry", first[0], *words, "-o", target, "--json")
    assert code == 0
    assert json.loads(shown[0])["changed"] == 1
    assert "1 of them changed" in said
    expected = {**line, "body": {"model": "echo", "messages": [], "max_tokens": 2000}}
    assert target.read_text(encoding="utf-8") == json.dumps(expected) + "\n"
    assert run("retry", first[0], "--set", "custom_id=b")[0] == 2


def test_a_downloaded_file_is_never_overwritten_unasked(run: Run, tmp_path: Path) -> None:
    _, ids, _ = run("submit", write_input(tmp_path / "in.jsonl", 3), "--wait")
    _, paths, _ = run("download", ids[0], "-o", tmp_path / "saved")
    Path(paths[0]).write_text("mine", encoding="utf-8")
    code, _, said = run("download", ids[0], "-o", tmp_path / "saved")
    assert code == 1
    assert "exists" in said
    assert Path(paths[0]).read_text(encoding="utf-8") == "mine"
    assert run("download", ids[0], "-o", tmp_path / "saved", "--force")[0] == 0
    assert Path(paths[0]).read_text(encoding="utf-8") != "mine"


def test_what_has_ended_is_one_line_of_a_cancel(run: Run, tmp_path: Path) -> None:
    _, ids, _ = run("submit", write_input(tmp_path / "in.jsonl", 1), "--wait")
    code, lines, said = run("cancel", ids[0], "--yes")
    assert code == 0
    assert [line.split()[:3] for line in lines] == [[ids[0], "nothing", "to"]]
    assert said.count(ids[0]) >= 1, "that it was sent is told beside it"
    _, lines, _ = run("cancel", ids[0], "--yes", "--json")
    assert [json.loads(line)["state"] for line in lines] == ["nothing_to_do"], "one line for each batch"


def test_a_running_batch_is_cancelled_only_with_consent(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "slow.jsonl"
    body = {"model": "echo", "messages": [], "echo": {"delay_s": 100_000}}
    line = {"custom_id": "slow", "method": "POST", "url": "/v1/chat/completions", "body": body}
    source.write_text(json.dumps(line) + "\n", encoding="utf-8")
    _, ids, _ = run("submit", source)
    code, _, said = run("cancel", ids[0])
    assert code == 2
    assert "--yes" in said
    code, lines, _ = run("cancel", "--active", "--yes")
    assert code == 0
    assert [line.split()[0] for line in lines] == ids
    code, lines, _ = run("cancel", "--active", "--match", "no such name", "--yes")
    assert code == 0
    assert lines == []


def test_an_invalid_file_is_refused_before_anything_is_sent(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "bad.jsonl"
    source.write_text('{"custom_id": "a"}\nnot json\n', encoding="utf-8")
    code, lines, said = run("submit", source)
    assert code == 1
    assert lines == []
    assert "bad.jsonl:2" in said
    assert "Nothing was sent." in said
    source.write_text('{"model": "m", "messages": []}\n' * 9, encoding="utf-8")
    code, _, said = run("submit", source)
    assert code == 1
    assert len(said.splitlines()) == 2, "that they are bare bodies is said once"
    assert f"batch-tui wrap {source}" in said
    assert run("files", "list")[1] == []


def test_the_list_is_filtered_and_limited(run: Run, tmp_path: Path) -> None:
    for name in ("alpha", "beta", "gamma"):
        run("submit", write_input(tmp_path / f"{name}.jsonl", 2), "--wait", "--again")
    _, lines, _ = run("list", "--json")
    assert sorted(json.loads(line)["derived"]["name"] for line in lines) == ["alpha", "beta", "gamma"]
    _, lines, _ = run("list", "--match", "BET", "--json")
    assert [json.loads(line)["derived"]["name"] for line in lines] == ["beta"]
    _, lines, _ = run("list", "--limit", "2", "--json")
    assert len(lines) == 2
    code, lines, said = run("list", "--active")
    assert (code, lines) == (0, [])
    assert said == "No batch.\n"
    assert run("list", "--status", "Succeeded", "--json")[1] == run("list", "--status", "completed", "--json")[1]
    code, lines, said = run("list", "--status", "finished")
    assert (code, lines) == (0, [])
    assert said.startswith("No batch. finished is none of the API's states: validating, in_progress,")


def test_remote_files_are_uploaded_listed_and_deleted(run: Run, tmp_path: Path) -> None:
    source = write_input(tmp_path / "in.jsonl", 2)
    _, ids, _ = run("files", "upload", source)
    _, lines, _ = run("files", "list", "--json")
    assert [json.loads(line)["bytes"] for line in lines] == [source.stat().st_size]
    assert run("files", "delete", ids[0])[0] == 2
    assert run("files", "delete", ids[0], "--yes")[0] == 0
    assert run("files", "list")[1] == []


def test_a_wrong_key_is_exit_code_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    code, lines, said = run("list")
    assert (code, lines) == (4, [])
    assert "another-key" not in said


def test_no_key_is_a_sentence_and_exit_code_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")  # a server of one's own may do without a key, OpenAI's doesn't
    code, _, said = run("list")
    assert code == 2
    assert said.count("\n") == 1
    assert "OPENAI_API_KEY" in said


def test_an_unreachable_host_is_a_sentence_and_exit_code_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    code, _, said = run("list")
    assert code == 3
    assert "127.0.0.1:9" in said


def test_an_unknown_batch_is_exit_code_3(run: Run) -> None:
    code, _, said = run("show", "batch_nowhere")
    assert code == 3
    assert "batch_nowhere" in said


def test_the_doctor_says_what_is_well_and_what_is_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, lines, _ = run("doctor")
    assert code == 0
    assert any("the key is good" in line for line in lines)
    assert any("characters from OPENAI_API_KEY" in line for line in lines)
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    code, lines, _ = run("doctor", "--offline")
    assert code == 1
    assert any(line.startswith("!!") and "SSL_CERT_FILE" in line for line in lines)


def test_where_nothing_runs_a_watch_says_so(run: Run) -> None:
    assert run("watch") == (0, [], "No batch is running.\n")
    assert "0 batches read" in "".join(run("doctor")[1])


def test_a_batch_in_json_says_what_it_has_cost(run: Run, tmp_path: Path) -> None:
    source = write_input(tmp_path / "in.jsonl", 2)
    source.write_text(source.read_text(encoding="utf-8").replace('"echo"', '"gpt-4o-mini"'), encoding="utf-8")
    _, (batch_id,), _ = run("submit", source, "--wait")
    shown = json.loads(run("show", batch_id, "--json")[1][0])
    used = shown["usage"]
    # A million tokens of gpt-4o-mini in a batch: $0.075 in, $0.30 out.
    dollars = used["input_tokens"] * Decimal("0.075") + used["output_tokens"] * Decimal("0.30")
    assert Decimal(shown["derived"]["cost_usd"]) == dollars / 10**6 > 0
    assert json.loads(run("list", "--json")[1][0])["derived"]["cost_usd"] == shown["derived"]["cost_usd"]
    _, (unpriced,), _ = run("submit", write_input(tmp_path / "echo.jsonl", 1), "--wait")
    assert json.loads(run("show", unpriced, "--json")[1][0])["derived"]["cost_usd"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("submit", "IN"),
        ("submit", "IN", "--queue"),
        ("retry", "ID", "--submit"),
        ("cancel", "--active", "--yes"),
        ("files", "upload", "IN"),
        ("files", "delete", "FILE", "--yes"),
        ("files", "clean", "--older-than", "0s", "--yes"),
    ],
    ids=" ".join,
)
def test_a_read_only_profile_changes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    source = write_input(tmp_path / "in.jsonl", 2, failing=1)
    _, (batch_id,), _ = run("submit", source, "--wait")
    before = run("files", "list", "--json")[1], run("list")[1]
    file_id = json.loads(before[0][0])["id"]
    monkeypatch.setenv("BATCH_TUI_READ_ONLY", "1")
    meant = {"IN": str(source), "ID": batch_id, "FILE": file_id}
    code, lines, said = run(*[meant.get(word, word) for word in words])
    assert (code, lines) == (2, [])
    assert "This profile is read-only:" in said
    assert (run("files", "list", "--json")[1], [line.split()[0] for line in run("list")[1]]) == (
        before[0],
        [line.split()[0] for line in before[1]],
    )
    assert run("queue")[1] == []


def test_a_submit_that_is_refused_ends_with_what_the_refusal_means(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_input(tmp_path / "in.jsonl", 2)
    monkeypatch.setenv("OPENAI_API_KEY", "another-key")
    assert run("submit", source)[0] == 4


@pytest.mark.parametrize("how", [(), ("--split",), ("--queue",)])
def test_a_time_the_service_keeps_no_output_for_is_refused_before_a_byte_goes_out(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    source = write_input(tmp_path / "in.jsonl", 2)
    code, ids, said = run("submit", source, "--expires", "5s", *how)
    assert (code, ids) == (2, [])
    assert "--expires: An output file is kept for 3,600 to 2,592,000 s; 5 s is outside of that." in said
    assert run("files", "list")[1] == []
    assert run("queue")[1] == []
    config = tmp_path / "config.toml"
    config.write_text("[profiles.default.limits]\nmin_expires_after = 1\n", encoding="utf-8")
    monkeypatch.setenv("BATCH_TUI_CONFIG", str(config))
    assert run("submit", source, "--expires", "5s", *how)[0] == 3, "the profile's word counts, the service refuses"


def test_what_is_deleted_or_dropped_is_json_too(run: Run, tmp_path: Path) -> None:
    file_id = run("files", "upload", write_input(tmp_path / "in.jsonl", 1))[1][0]
    _, lines, _ = run("files", "delete", file_id, "--yes", "--json")
    assert [json.loads(line) for line in lines] == [{"id": file_id, "deleted": True}]
