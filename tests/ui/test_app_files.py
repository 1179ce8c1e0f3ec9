from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.problems import Report
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.result_files import answer_line, failure_line
from tests.support.screen import Stage, stage

IN_FILES = SessionState(pane="files")


def request(number: int) -> str:
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}
    return json.dumps({"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})


def workspace(folder: Path, name: str, *lines: str) -> Path:
    path = folder / "workspace" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    return path


async def test_a_good_file_is_submitted_after_a_yes(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1), request(2))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("n")
        assert "Submit good.jsonl?  <$0.0001 + output  2 requests" in running.said()
        assert "tokens in  gpt-5-mini" in running.said()
        assert running.service.count("create_batch") == 0
        await running.press("y")
        assert running.service.count("create_batch") == 1
        assert running.service.orders[0].endpoint == "/v1/chat/completions"
        await running.until(lambda: len(running.app.deck.batches.table.row_ids) == 1)


@pytest.mark.parametrize(
    ("width", "asked"),
    [
        (200, "Submit support-tickets.jsonl?  submitted before as {id}  <$0.0001 + output  1 request  ~"),
        (120, "Submit support-tickets.jsonl?  submitted before as {id}  <$0.0001 + output  1 request   q queue"),
        (100, "Submit support-tickets.jsonl?  submitted before as {id}  <$0.0001+  q queue"),
        (95, "Submit support-tickets.jsonl?  submitted before  <$0.0001 + output   q queue"),
        (60, "Submit suppor…sonl?  sent before  <$0.0001+ y yes"),
    ],
)
async def test_on_every_line_a_second_submit_says_that_it_is_one_and_what_it_costs(
    tmp_path: Path, width: int, asked: str
) -> None:
    workspace(tmp_path, "support-tickets.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES, size=(width, 20)) as running:
        await running.press("n")
        await running.press("y")
        await running.press("1", "n")
        await running.until(lambda: running.app.dock.is_asking)
        batch_id = next(iter(running.service.batches))
        assert asked.format(id=batch_id) in running.said()
        assert "no" in running.said().split()


async def test_without_a_yes_nothing_is_sent(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("n")
        await running.press("n")
        assert running.service.count("upload_file") == 0


async def test_the_question_tells_the_cost_as_a_range_and_a_large_one_is_typed(tmp_path: Path) -> None:
    body = {"model": "gpt-4o-mini", "input": "x" * 4_000_000, "max_output_tokens": 1_000_000}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": body}
    workspace(tmp_path, "good.jsonl", json.dumps(line))
    async with stage(tmp_path, FakeService(), session=IN_FILES, confirm_above=Decimal("0.30")) as running:
        await running.press("n")
        # A million tokens or a little less in at $0.075, at most a million out at $0.30.
        assert "to $0.3" in running.said()
        await running.press("y")
        assert running.service.count("create_batch") == 0
        await running.press("n")
        await running.press("1", "enter")
        assert running.service.count("create_batch") == 1


async def test_a_long_name_keeps_its_end(tmp_path: Path) -> None:
    workspace(tmp_path, "support-tags-of-the-whole-winter-part-07.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.until(lambda: bool(running.app.deck.files.table.row_ids))
        shown = [running.line_of(running.app.deck.files.table, y) for y in range(1, 4)]
        assert any("support" in line and "…" in line and "7.jsonl" in line for line in shown)


async def test_a_cost_under_the_threshold_needs_a_yes_only(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES, confirm_above=Decimal(5)) as running:
        await running.press("n")
        assert "<$0.0001 + output" in running.said()
        await running.press("y")
        assert running.service.count("create_batch") == 1


async def test_a_file_tells_no_dash_for_the_endpoint_it_does_not_name(tmp_path: Path) -> None:
    body = json.dumps({"model": "gpt-5-mini", "input": "hi"})
    workspace(tmp_path, "bare.jsonl", body)
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        facts = running.app.deck.inspect.facts
        await running.press("g")
        await running.until(lambda: "bare request bodies" in facts.text)
        assert "request   -" not in facts.text
        await running.press("j")
        await running.until(lambda: "request   /v1/chat/completions   gpt-5-mini" in facts.text)


async def test_bare_bodies_are_offered_to_be_wrapped(tmp_path: Path) -> None:
    body = json.dumps({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]})
    path = workspace(tmp_path, "bare.jsonl", body, body)
    before = path.read_bytes()
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("n")
        assert "2 bare request bodies" in running.said()
        await running.press("y")
        assert "Submit bare.wrapped.jsonl?" in running.said()
        await running.press("y")
        assert running.service.count("create_batch") == 1
    assert path.read_bytes() == before
    assert (tmp_path / "workspace" / "bare.wrapped.jsonl").exists()


async def test_a_broken_file_says_what_is_wrong_and_sends_nothing(tmp_path: Path) -> None:
    workspace(tmp_path, "bad.jsonl", request(1), "nope")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("n")
        await running.press("n")
        assert "1 error" in running.said()
        overview = running.app.deck.inspect.facts.text
        assert "line 2" in overview
        assert "invalid_json_line" in overview
        assert running.service.count("upload_file") == 0


async def test_going_to_files_shows_the_file_under_the_cursor(tmp_path: Path) -> None:
    workspace(tmp_path, "bad.jsonl", request(1), "nope")
    async with stage(tmp_path, FakeService()) as running:
        inspect = running.app.deck.inspect
        assert "line 2" not in inspect.facts.text
        await running.press("1")
        await running.until(lambda: "line 2" in inspect.facts.text)


async def test_a_verdict_found_in_the_background_reaches_inspect(tmp_path: Path) -> None:
    path = workspace(tmp_path, "notes.txt", "nope")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        deck = running.app.deck
        await running.until(lambda: "enter checks it" in deck.inspect.facts.text)
        await deck.looks.checks.report(path)
        await running.until(lambda: "line 1" in deck.inspect.facts.text)


async def test_an_empty_file_says_so(tmp_path: Path) -> None:
    workspace(tmp_path, "empty.jsonl")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("enter")
        assert "no request" in running.app.deck.inspect.facts.text


async def test_upload_makes_no_batch(tmp_path: Path) -> None:
    workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("u")
        await running.press("y")
        assert running.service.count("upload_file") == 1
        assert running.service.count("create_batch") == 0
        assert "Uploaded good.jsonl" in running.said()


async def test_remote_files_are_listed_and_deleted_after_a_yes(tmp_path: Path) -> None:
    service = FakeService()
    file = service.add_file(b"x", name="in.jsonl", purpose="batch")
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket")
        assert running.app.deck.files.table.row_ids == (file.id,)
        await running.press("delete")
        assert "Delete in.jsonl at the service?" in running.said()
        await running.press("y")
        assert service.arguments("delete_file") == [file.id]
        assert not running.app.deck.files.table.row_ids


def answered(number: int, status: int = 200) -> str:
    body: dict[str, object] = {"choices": [{"message": {"content": f"answer {number}"}, "finish_reason": "stop"}]}
    if status != 200:
        body = {"error": {"message": "slow down", "code": "rate_limit_exceeded" if status == 429 else "bad"}}
    response = {"status_code": status, "request_id": "x", "body": body}
    return json.dumps({"id": f"q{number}", "custom_id": f"r{number}", "response": response, "error": None})


def ended_account() -> FakeService:
    service = FakeService()
    source = service.add_file("\n".join(map(request, range(5))).encode() + b"\n", name="in.jsonl", purpose="batch")
    service.put(a_batch("done", total=5, created=NOON - 600))
    good = "\n".join(map(answered, (2, 0, 1))).encode() + b"\n"
    bad = "\n".join((answered(3, 429), answered(4, 400))).encode() + b"\n"
    batch = service.finish("done", BatchStatus.COMPLETED, output=good, errors=bad)
    service.put(replace(batch, input_file_id=source.id))
    return service


async def test_enter_on_an_ended_batch_shows_its_results_in_input_order(tmp_path: Path) -> None:
    async with stage(tmp_path, ended_account()) as running:
        await running.press("enter")
        results = running.app.deck.results
        rows = [running.line_of(results.table, y) for y in range(1, 6)]
        assert [row.split()[0] for row in rows] == ["r0", "r1", "r2", "r3", "r4"]
        assert "answer 0" in rows[0]
        assert "rate_limit_exceeded" in rows[3]
        await running.press("enter")
        assert results.is_answer_open
        await running.press("escape")
        assert not results.is_answer_open


async def test_fix_sends_what_can_pass_and_says_what_is_left_out(tmp_path: Path) -> None:
    async with stage(tmp_path, ended_account()) as running:
        await running.press("F")
        assert "1 of 2 can pass" in running.said()
        assert "1 left out" in running.said()
        await running.press("y")
        assert running.service.count("create_batch") == 1
        assert running.service.orders[0].metadata["batch_tui_parent"] == "done"


async def test_fix_names_the_retry_that_has_answered_what_failed(tmp_path: Path) -> None:
    service = ended_account()
    good = "\n".join(map(answered, (0, 1, 2, 4))).encode() + b"\n"
    service.finish("done", BatchStatus.COMPLETED, output=good, errors=answered(3, 429).encode() + b"\n")
    async with stage(tmp_path, service) as running:
        await running.press("F")
        await running.press("y")
        retry = next(batch for batch in service.batches.values() if batch.id != "done")
        service.finish(retry.id, output=answered(3).encode() + b"\n")
        await running.poll()
        running.app.deck.batches.table.move_to("done")
        await running.press("F")
        assert running.said() == f"Nothing to send again: every request has an answer, with those of {retry.name}."


async def test_a_remote_file_is_opened_by_way_of_a_download_which_asks_before_it_replaces(tmp_path: Path) -> None:
    service = FakeService()
    service.add_file(b"x", name="used.jsonl", purpose="batch")
    workspace(tmp_path, "used.jsonl", request(1))
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.press("right_square_bracket", "e")
        assert "D downloads it" in running.said()
        await running.press("D")
        assert "used.jsonl is here already. Replace it?" in running.said()
        await running.press("y")
        assert (running.workspace / "used.jsonl").read_bytes() == b"x"


async def test_save_writes_both_files_and_asks_before_it_replaces(tmp_path: Path) -> None:
    async with stage(tmp_path, ended_account()) as running:
        await running.press("D")
        saved = sorted(path.name for path in running.workspace.iterdir())
        assert saved == ["done_errors.jsonl", "done_output.jsonl"]
        await running.press("D")
        assert running.app.dock.is_asking
        assert "Replace it?" in running.said()


async def test_the_errors_tab_groups_by_cause(tmp_path: Path) -> None:
    async with stage(tmp_path, ended_account()) as running:
        await running.press("enter", "3")
        running.app.deck.inspect.open_tab("errors")
        await running.settle()
        text = running.app.deck.inspect.facts.text
        assert "1 × 429 rate_limit_exceeded" in text
        assert "A second try can pass." in text
        assert "Unchanged it fails again" in text


def file_rows(running: Stage) -> list[str]:
    table = running.app.deck.files.table
    return [running.line_of(table, y).strip() for y in range(1, 1 + len(table.row_ids))]


async def test_small_files_have_their_verdict_before_a_key_is_pressed(tmp_path: Path) -> None:
    workspace(tmp_path, "a-good.jsonl", request(1), request(2))
    workspace(tmp_path, "b-bad.jsonl", "nope")
    workspace(tmp_path, "c-bare.jsonl", '{"model": "m", "messages": []}')
    workspace(tmp_path, "d-output.jsonl", answer_line("a").decode(), failure_line("b").decode())
    async with stage(tmp_path, FakeService()) as running:
        await running.settle()
        good, bad, bare, output = file_rows(running)
        assert good.split()[:3] == ["✓", "a-good.jsonl", "2"]
        assert bad.startswith("✗")
        assert bare.startswith("!")
        assert output.split()[:2] == ["·", "d-output.jsonl"]


async def test_a_verdict_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    path = workspace(tmp_path, "good.jsonl", request(1))
    async with stage(tmp_path, FakeService()) as running:
        await running.settle()
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        checks: list[Path] = []

        async def no_check(path: Path, **_options: object) -> Report:
            checks.append(path)
            raise InputFileError("not again")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(running.app.cockpit.workshop, "check", no_check)
            running.app.deck.files.reload()
            await running.settle()
            assert file_rows(running)[0].startswith("✓")
            assert not checks
            path.write_text("nope\n")
            running.app.deck.files.reload()
            await running.settle()
            assert checks == [path]
            assert not file_rows(running)[0].startswith("✓")


async def test_folders_fold_and_are_entered_and_left(tmp_path: Path) -> None:
    workspace(tmp_path, "deep.jsonl", request(1))
    inner = tmp_path / "workspace" / "sub"
    inner.mkdir()
    (inner / "one.jsonl").write_text(request(1) + "\n")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        files = running.app.deck.files
        await running.press("j", "l")
        assert [Path(row).name for row in files.table.row_ids] == ["deep.jsonl", "sub", "one.jsonl"]
        await running.press("j", "h")
        assert files.table.cursor_id == str(inner)
        await running.press("h")
        assert [Path(row).name for row in files.table.row_ids] == ["deep.jsonl", "sub"]
        await running.press("enter")
        assert file_rows(running)[0] == "../"
        assert "workspace/sub" in running.line_of(files.title_bar)
        await running.press("backspace")
        assert files.table.cursor_id == str(inner)
        assert [Path(row).name for row in files.table.row_ids] == ["deep.jsonl", "sub"]


async def test_a_folder_without_requests_says_what_to_do(tmp_path: Path) -> None:
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        table = running.app.deck.files.table
        assert "No .jsonl file" in running.line_of(table, 1)
        (running.workspace / "notes.txt").write_text("x")
        await running.press("r")
        assert "notes.txt" in running.line_of(table, 1)
        assert "No .jsonl file" in running.line_of(table, 3)


async def test_names_with_escapes_newlines_and_broken_utf8_do_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    for name in (b"a\x1b]52;c;AAAA\x07.jsonl", b"b\nnew.jsonl", b"c\xff\xfe.jsonl"):
        workspace(tmp_path, os.fsdecode(name), request(1))
    service = FakeService()
    async with stage(tmp_path, service, session=IN_FILES) as running:
        await running.settle()
        rows = file_rows(running)
        assert all(row.startswith("✓") for row in rows)
        assert not any(char in "".join(rows) for char in "\x1b\x07\n\udcff")
        for _row in rows:
            for key in "uyj":  # one by one: a yes before the question is no answer
                await running.press(key)
        assert service.count("upload_file") == 3
        await running.press("n")
        await running.press("y")
        assert service.count("create_batch") == 1
