from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from batch_tui.domain.problems import Report
from batch_tui.jsonl.checking.check import check_file
from batch_tui.ui.controllers.handover import Handover, at_line
from batch_tui.ui.panes.verdict import damage
from batch_tui.ui.session import SessionState
from batch_tui.ui.terminal.guest import GuestRoom
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

IN_FILES = SessionState(pane="files")


def request(custom_id: str) -> bytes:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    row = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(row).encode()


def workspace(folder: Path, *lines: bytes) -> Path:
    path = folder / "workspace" / "bad.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def first_row(running: Stage) -> str:
    return running.line_of(running.app.deck.files.table, 1)


async def test_files_says_how_many_lines_are_bad(tmp_path: Path) -> None:
    workspace(tmp_path, request("a"), b"nope", b"{", request("b"), b'{"custom_id": 7, "method": "GET"}')
    async with stage(tmp_path, FakeService(), session=IN_FILES, size=(160, 36)) as running:
        deck = running.app.deck
        await running.until(lambda: deck.files.selection.report is not None)
        await running.until(lambda: "line 2" in deck.inspect.facts.text)
        await running.press("f")
        assert "! 3 bad lines" in first_row(running)


async def test_enter_opens_the_file_at_its_first_bad_line_with_the_reason(tmp_path: Path) -> None:
    path = workspace(tmp_path, *(request(f"r{n}") for n in range(80)), request("x")[:50], request("y"), b"{")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("enter")
        inspect = running.app.deck.inspect
        assert inspect.tab == "input"
        assert inspect.viewer.cursor_line == 80
        assert inspect.viewer.cursor_text == request("x")[:50].decode()
        assert "Line 81: This line is not parseable as valid JSON. Column 50" in running.said()
        place = running.app.deck.selection.place
        assert place is not None
        assert (place.path, place.line) == (path, 81)


async def test_enter_on_a_good_file_stays_with_its_facts(tmp_path: Path) -> None:
    workspace(tmp_path, request("a"))
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("enter")
        assert running.app.deck.inspect.tab == "overview"


async def test_the_editor_opens_at_the_first_bad_line(tmp_path: Path) -> None:
    path = workspace(tmp_path, request("a"), request("b"), b"nope")
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/told\n')
    editor.chmod(0o755)
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        environ = {"EDITOR": str(editor)}
        guests = GuestRoom(nullcontext)
        handover = Handover(running.app.desk, guests=guests, write=lambda _: None, environ=environ)
        handover.edit(running.app.deck.selection)
        await running.settle()
    assert (tmp_path / "told").read_text() == f"+3 {path}\n"


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        ("vim", ["+3", "a.jsonl"]),
        ("/usr/bin/nano", ["+3", "a.jsonl"]),
        ("code", ["--goto", "a.jsonl:3"]),
        ("hx", ["a.jsonl:3"]),
    ],
)
def test_each_editor_is_told_the_line_in_its_own_way(editor: str, words: list[str]) -> None:
    assert at_line(editor, Path("a.jsonl"), 3) == words


@pytest.mark.parametrize(
    ("lines", "deed"),
    [
        ((b"\xef\xbb\xbf" + request("a"), request("b")), "strips the byte order mark"),
        ((request("a"), b"", request("b"), b"  "), "drops blank lines"),
        ((request("a"), request("").replace(b'"custom_id": "", ', b"")), "adds custom_ids"),
        (
            (request("a"), b'{"custom_id": "b", "params": {"model": "gpt-4o-mini", "messages": []}}'),
            "turns params",
        ),
        ((request("a"), request("b"), request("a")), "drops repeated lines"),
        ((request("a"), b'{"model": "gpt-4o-mini", "messages": []}'), "wraps bare bodies"),
    ],
)
async def test_a_mend_is_offered_and_written_beside_the_file(
    tmp_path: Path, lines: tuple[bytes, ...], deed: str
) -> None:
    path = workspace(tmp_path, *lines)
    before = path.read_bytes()
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("m")
        assert "Write bad.mended.jsonl?" in running.said()
        assert deed in running.said()
        await running.press("y")
        assert "ready to submit" in running.said()
        assert [Path(row).name for row in running.app.deck.files.table.row_ids] == [
            "bad.jsonl",
            "bad.mended.jsonl",
        ]
    assert path.read_bytes() == before
    assert check_file(path.with_name("bad.mended.jsonl")).is_valid


async def test_a_second_mend_takes_another_name(tmp_path: Path) -> None:
    path = workspace(tmp_path, request("a"), b"")
    path.with_name("bad.mended.jsonl").write_bytes(b"mine")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("m", "y")
    assert path.with_name("bad.mended.jsonl").read_bytes() == b"mine"
    assert path.with_name("bad.mended-2.jsonl").exists()


async def test_what_only_its_writer_can_mend_is_said(tmp_path: Path) -> None:
    workspace(tmp_path, request("a"), b"nope")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("m")
        assert "can be mended without you" in running.said()


async def test_without_a_yes_no_mended_file_is_written(tmp_path: Path) -> None:
    workspace(tmp_path, request("a"), b"")
    async with stage(tmp_path, FakeService(), session=IN_FILES) as running:
        await running.press("m", "n")
        assert [path.name for path in running.workspace.iterdir()] == ["bad.jsonl"]


def report_of(path: Path, *lines: bytes) -> Report:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return check_file(path)


def test_damage_is_counted_by_lines_as_long_as_all_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    assert damage(report_of(path, request("a"), b'{"custom_id": 7, "method": "GET"}')) == "1 bad line"
    assert damage(report_of(path, *[b"{"] * 1500)) == "1,500 problems"
