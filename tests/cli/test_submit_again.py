"""The same bytes a second time: nothing is paid twice unless it is meant."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_tui.api.lazy import LazyService
from batch_tui.cli.session import connection_of
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.configuration.settings import Settings
from tests.support import faults
from tests.support.command_line import Run, command_line, echo_line
from tests.support.fault_thread import fault_server
from tests.support.faults import FaultServer


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as made:
        yield made


@pytest.fixture
def failing(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """The command line pointed at a server that fails instead; it does not wait between its looks for a batch."""

    async def soon(_seconds: float) -> None:
        await asyncio.sleep(0)

    def impatient(settings: Settings) -> Cockpit:
        return Cockpit(settings, LazyService(connection_of(settings.profile)), sleep=soon)

    monkeypatch.setattr("batch_tui.cli.session.build_cockpit", impatient)
    with fault_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text(echo_line("a") + echo_line("b"), encoding="utf-8")
    return path


def test_a_file_that_made_a_batch_is_not_sent_again_unasked(run: Run, source: Path) -> None:
    _, (first,), _ = run("submit", source)
    copy = source.with_name("copy.jsonl")
    copy.write_bytes(source.read_bytes())
    code, ids, said = run("submit", copy)
    assert (code, ids) == (2, [])
    assert "copy.jsonl: the very same bytes were submitted on" in said
    assert f"as {first}." in said
    assert "To send the same bytes again: --again" in said
    assert len(run("list")[1]) == 2, "a header and one batch"
    code, (second,), said = run("submit", copy, "--again")
    assert code == 0
    assert first in said, "it is said all the same"
    assert second != first


def test_the_same_bytes_twice_in_one_command_are_noticed(run: Run, source: Path) -> None:
    code, ids, said = run("submit", source, source)
    assert (code, ids) == (2, [])
    assert "in.jsonl: holds the very same bytes as in.jsonl." in said
    code, ids, _ = run("submit", source, source, "--again")
    assert code == 0
    assert len(set(ids)) == 2


def test_whoever_is_there_is_asked(run: Run, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("submit", source)
    asked: list[str] = []

    def answer(_console: object, question: str, **_: str) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr("batch_tui.cli.console.Console.ask", answer)
    code, ids, _ = run("submit", source)
    assert (code, len(ids)) == (0, 1)
    assert asked == ["Submit it again, and pay for it again? [y/N]"]


def test_a_queue_asks_too(run: Run, source: Path) -> None:
    run("submit", source)
    code, ids, said = run("submit", source, "--queue")
    assert (code, ids) == (2, [])
    assert "--again" in said
    code, ids, _ = run("submit", source, "--queue", "--again")
    assert (code, len(ids)) == (0, 1)


def test_what_was_maybe_submitted_is_told_and_looked_for_before_it_is_sent_anew(
    run: Run, failing: FaultServer, source: Path
) -> None:
    failing.fail("create", faults.reset(after=False))
    code, ids, _ = run("submit", source)
    assert (code, ids, failing.ledger) == (3, [], [])
    code, ids, said = run("submit", source)
    assert (code, ids) == (3, [])
    assert "it was maybe submitted, and not found since" in said
    assert failing.count("create") == 1, "nothing is sent on a guess"
    before = failing.count("list")
    code, ids, _ = run("submit", source, "--again")
    assert (code, ids) == (0, failing.ledger)
    assert failing.count("list") > before
    assert len(failing.ledger) == 1


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [(faults.reset(after=False), 3, "unknown"), (faults.status(400, "No."), 3, "failed")],
    ids=["in doubt", "refused"],
)
def test_a_submit_without_a_batch_is_an_object_too(
    run: Run, failing: FaultServer, source: Path, fault: faults.Fault, code: int, state: str
) -> None:
    failing.fail("create", fault)
    ended, (line,), said = run("submit", source, "--json")
    record = json.loads(line)
    assert (ended, record["state"]) == (code, state)
    assert record.keys() == {"id", "path", "intent", "state", "message"}
    assert (record["id"], record["path"]) == (None, str(source))
    assert len(record["intent"]) == 32
    assert record["message"] in said


def test_the_window_is_the_profiles(
    run: Run, failing: FaultServer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = source.with_name("config.toml")
    config.write_text('[profiles.default]\ncompletion_window = "336h"\n', encoding="utf-8")
    monkeypatch.setenv("BATCH_TUI_CONFIG", str(config))
    assert run("submit", source)[0] == 0
    (create,) = (seen for seen in failing.seen if seen.call == "create")
    assert json.loads(create.body)["completion_window"] == "336h"


def test_a_maybe_that_turns_up_is_not_sent_anew(run: Run, failing: FaultServer, source: Path) -> None:
    failing.fail("create", faults.reset(after=True))
    failing.fail("list", faults.say({"object": "list", "data": [], "has_more": False}), times=None)
    code, _, _ = run("submit", source)
    assert code == 3
    failing.calm("list")
    code, ids, _ = run("submit", source, "--again")
    assert (code, ids) == (0, failing.ledger)
    assert len(failing.ledger) == 1


def test_a_run_that_was_cut_short_and_is_made_again_names_its_batch(
    run: Run, failing: FaultServer, source: Path
) -> None:
    failing.fail("create", faults.reset(after=True))
    failing.fail("list", faults.status(503), times=None)
    code, _, _ = run("submit", source)
    assert code == 3
    failing.calm("list")
    code, ids, said = run("submit", source)
    assert (code, ids) == (0, failing.ledger), said
    assert "From an earlier run:" in said
    assert len(failing.ledger) == 1


@pytest.mark.parametrize("flags", [(), ("--queue",)], ids=["at once", "by the queue"])
def test_fault_02_upload_create_at_a_wrong_address_it_is_told_and_the_run_ends(
    run: Run, failing: FaultServer, source: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        port = taken.getsockname()[1]
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        code, ids, said = run("submit", source, *flags)
    assert (code, ids) == (3, [])
    assert f"127.0.0.1:{port} refused the connection: check the base URL and the network." in said
    assert "batch-tui doctor looks for the cause." in said
    assert said.count("refused the connection") == 1
    assert ("1 file still in the queue; batch-tui submit --queue goes on with them." in said) is bool(flags)
    assert failing.ledger == []
