"""Two screens of the whole program on one state directory and one account: nothing lost, torn or sent twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fault_thread import fault_server
from tests.support.faults import FaultServer, silence
from tests.support.pty_screen import Screen, terminal

REQUEST = '{"custom_id":"r","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x"}}\n'
NAMES = ("one", "two")


@contextmanager
def program(folder: Path, server: FaultServer) -> Iterator[Screen]:
    homes = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
    service = {"OPENAI_API_KEY": "sk-test-0123456789", "OPENAI_BASE_URL": server.base_url}
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    for name in NAMES:
        (workspace / f"{name}.jsonl").write_text(REQUEST.replace('"r"', f'"{name}"'))
    with terminal(["-m", "batch_tui"], environ={"HOME": str(folder), **homes, **service}, cwd=workspace) as screen:
        screen.until(lambda: b"\x1b[?2004h" in screen.output, "the live screen, not the picture of another run")
        screen.until_still()
        screen.until(lambda: is_live(screen.shown()), "its rows")
        yield screen


def is_live(shown: str) -> bool:
    return "live" in shown and "one.jsonl" in shown and "opening" not in shown


def submit(screen: Screen, name: str) -> None:
    """Ask to submit a local file, and say yes."""
    screen.send("1g" + "j" * NAMES.index(name) + "n")
    screen.until_shown(f"Submit {name}.jsonl?")
    screen.send("y2")


def entries(folder: Path, pattern: str) -> list[object]:
    """All JSON that files hold; none of it may be torn."""
    return [
        json.loads(line)
        for path in sorted(folder.rglob(pattern))
        for line in path.read_text().splitlines()
        if line.strip()
    ]


def intents(server: FaultServer) -> list[str]:
    """The intent of each create that arrived."""
    orders = [json.loads(seen.body) for seen in server.seen if seen.call == "create"]
    return [order["metadata"]["batch_tui_intent"] for order in orders]


def test_fault_60_61_create_view_state_one_of_two_is_killed_in_its_create_and_nothing_is_made_twice(
    tmp_path: Path,
) -> None:
    with fault_server() as server, program(tmp_path, server) as second:
        with program(tmp_path, server) as first:
            server.fail("create", silence(after=True))
            submit(first, "one")
            first.until(lambda: server.count("create") == 1, "the create")
            first.process.kill()
            first.process.wait()
        submit(second, "two")
        second.until_shown("one", "two", "validating")
        second.until(lambda: len(server.ledger) == 2, "both batches")
        second.send("r")
        second.until_still()
        second.send("\x11")
        assert second.ended() == 0
        with program(tmp_path, server) as third:
            third.send("2")
            third.until_shown("one", "two", "validating")
            third.until(lambda: not any("maybe" in line for line in third.lines()), "no row is in doubt")
            third.send("\x11")
            assert third.ended() == 0
        assert len(server.ledger) == 2
        assert len(set(intents(server))) == len(intents(server)) == 2
    assert len(entries(tmp_path / "state", "operations/*.json")) >= 2
    assert len(entries(tmp_path / "state", "events.jsonl")) >= 2
    assert len(entries(tmp_path / "state", "session.json")) == 1


def test_fault_60_cancel_view_state_both_cancel_the_same_batch_and_both_say_so(tmp_path: Path) -> None:
    with fault_server() as server:
        batch_id = server.add_batch()
        with program(tmp_path, server) as first, program(tmp_path, server) as second:
            for screen in (first, second):
                screen.send("2gx")
                screen.until_shown("Cancel ")
            first.send("y")
            second.send("y")
            for screen in (first, second):
                screen.until_shown("is being cancelled")
                screen.send("\x11")
                assert screen.ended() == 0
                assert b"not confirmed" not in screen.output.rpartition(b"\x1b[?1049l")[2]
        assert server.batches[batch_id]["status"] == "cancelling"
    assert all(entries(tmp_path / "state", "operations/*.json"))
