"""A headless run that is hung up on, terminated or killed in the middle of each call; then it is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fault_thread import fault_server, until_asked
from tests.support.faults import Fault, FaultServer, hang_in_body, silence

ROOT = Path(__file__).parents[2]
CONTENT = b'{"custom_id":"a"}\n' * 4000
KEY = "sk-test-0123456789"
SOON = 9.0
"""Seconds in which a program that is told to end has ended, on a busy machine too. Calls that never answer
here have limits of 10 seconds and more, so that those can't be what ends it."""


@dataclass
class Machine:
    """One disk, one server, and an account on it."""

    folder: Path
    server: FaultServer

    def start(self, *words: str) -> subprocess.Popen[str]:
        home = {f"XDG_{name}_HOME": str(self.folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **home}
        environ |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.server.base_url}
        command = [sys.executable, "-m", "batch_tui", *words]
        pipe = subprocess.PIPE
        null = subprocess.DEVNULL
        return subprocess.Popen(
            command, env=environ, cwd=self.folder, stdin=null, stdout=pipe, stderr=pipe, text=True
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        out, said = process.communicate(timeout=60)
        return process.returncode, out + said

    def interrupt(self, call: str, fault: Fault, number: signal.Signals, *words: str) -> tuple[int, str]:
        """Run until a call is in the middle of it, and send a signal then."""
        self.server.fail(call, fault)
        process = self.start(*words)
        until_asked(self.server, call)
        process.send_signal(number)
        out, said = process.communicate(timeout=SOON)
        self.server.calm(call)
        return process.returncode, out + said


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    line = '{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x"}}\n'
    (tmp_path / "in.jsonl").write_text(line)
    with fault_server() as server:
        yield Machine(tmp_path, server)


def expected(number: signal.Signals) -> int:
    return -number if number is signal.SIGKILL else 128 + number


def ways(phase: str, *, killed: str = "") -> pytest.MarkDecorator:
    """The signals that end it, with the fault each is."""
    rows = [
        pytest.param(signal.SIGHUP, id=f"fault_64_{phase}_state"),
        pytest.param(signal.SIGTERM, id=f"fault_65_{phase}_state"),
    ]
    rows += [pytest.param(signal.SIGKILL, id=f"fault_{killed}_{phase}_state")] if killed else []
    return pytest.mark.parametrize("number", rows)


@ways("list_poll")
def test_a_list_ends_at_once(machine: Machine, number: signal.Signals) -> None:
    code, _ = machine.interrupt("list", silence(), number, "list")
    assert code == expected(number)


@ways("upload", killed="62")
def test_an_upload_that_was_cut_short_makes_no_batch_and_is_made_again(
    machine: Machine, number: signal.Signals
) -> None:
    code, _ = machine.interrupt("upload", silence(after=False), number, "submit", "in.jsonl")
    assert code == expected(number)
    assert machine.server.ledger == []
    code, said = machine.run("submit", "in.jsonl")
    assert code == 0, said
    assert len(machine.server.ledger) == 1


@ways("create", killed="61")
def test_a_create_that_was_cut_short_is_never_made_twice(machine: Machine, number: signal.Signals) -> None:
    code, said = machine.interrupt("create", silence(after=True), number, "submit", "in.jsonl")
    assert code == expected(number)
    assert len(machine.server.ledger) == 1
    if number is not signal.SIGKILL:
        assert "in.jsonl" in said, "what may cost money is told"
    machine.run("submit", "in.jsonl")
    machine.run("submit", "in.jsonl")
    posted = [seen for seen in machine.server.seen if seen.call == "create"]
    intents = {seen.body for seen in posted}
    assert len(posted) == len(intents), "no intent was ever posted twice"


@ways("download", killed="62")
def test_a_download_that_was_cut_short_goes_on_where_it_stopped(machine: Machine, number: signal.Signals) -> None:
    output = machine.server.add_file(CONTENT)
    batch_id = machine.server.add_batch(status="completed", output_file_id=output)
    code, _ = machine.interrupt("download", hang_in_body(), number, "download", batch_id)
    assert code == expected(number)
    assert not list(machine.folder.glob("batch*output*"))
    code, said = machine.run("download", batch_id)
    assert code == 0, said
    (saved,) = machine.folder.glob("batch*output*")
    assert saved.read_bytes() == CONTENT


@ways("cancel", killed="62")
def test_a_cancel_that_was_cut_short_is_confirmed_by_the_next(machine: Machine, number: signal.Signals) -> None:
    batch_id = machine.server.add_batch()
    code, said = machine.interrupt("cancel", silence(after=False), number, "cancel", batch_id, "--yes")
    assert code == expected(number)
    if number is not signal.SIGKILL:
        assert batch_id in said
    assert machine.server.batches[batch_id]["status"] == "in_progress"
    code, said = machine.run("cancel", batch_id, "--yes")
    assert code == 0, said
    assert machine.server.batches[batch_id]["status"] == "cancelling"


def test_fault_76_list_upload_create_poll_download_cancel_state_the_key_is_nowhere(machine: Machine) -> None:
    """Every verb, well and under faults; then the key is looked for in all that was said, written and run."""
    output = machine.server.add_file(CONTENT)
    batch_id = machine.server.add_batch(status="completed", output_file_id=output)
    other = machine.server.add_batch()
    said = ""
    for words in (
        ("list", "--json"),
        ("submit", "in.jsonl", "--json"),
        ("download", batch_id),
        ("cancel", other, "--yes"),
        ("doctor",),
        ("show", batch_id),
    ):
        said += machine.run(*words)[1]
    process = machine.start("watch")
    until_asked(machine.server, "list", 3)
    arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    process.send_signal(signal.SIGTERM)
    said += "".join(process.communicate(timeout=SOON))
    assert len(machine.server.ledger) == 1
    assert KEY not in said
    assert KEY.encode() not in arguments
    files = [path for path in machine.folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
