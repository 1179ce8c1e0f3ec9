from __future__ import annotations

import stat
from pathlib import Path

import pytest

from batch_tui.engine import events as events_module
from batch_tui.engine.events import EventLog


def a_log(path: Path | None) -> EventLog:
    return EventLog(path, clock=lambda: 5.0, secrets=["sk-secret-key", ""])


async def test_events_survive_a_restart_in_order(tmp_path: Path) -> None:
    path = tmp_path / "state" / "events.jsonl"
    log = a_log(path)
    log.record("submit", "Submitted a.", batch_id="batch_1", command="batch-tui submit a.jsonl")
    log.record("cancel", "Cancelled b.", batch_id="batch_2")
    await log.flush()
    again = a_log(path)
    again.record("status", "Now.")
    await again.load()
    assert [event.text for event in again.recent()] == ["Submitted a.", "Cancelled b.", "Now."]
    assert [event.command for event in again.recent("batch_1")] == ["batch-tui submit a.jsonl"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_fault_59_state_corrupt_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = a_log(path)
    log.record("submit", "whole")
    await log.flush()
    with path.open("ab") as handle:
        handle.write(b'\xff{"at":\n\n[]\n' + b"[" * 10_000 + b"\n")
    log.record("submit", "later")
    await log.flush()
    again = a_log(path)
    await again.load()
    assert [event.text for event in again.recent()] == ["whole", "later"]


async def test_fault_76_state_the_key_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = a_log(path)
    log.record("error", "401 for sk-secret-key", command="x sk-secret-key")
    await log.flush()
    assert b"sk-secret-key" not in path.read_bytes()
    assert "sk-secret-key" not in repr(log.recent())


async def test_fault_71_state_control_characters_are_made_visible(tmp_path: Path) -> None:
    log = a_log(tmp_path / "events.jsonl")
    log.record("error", "\x1b]52;c;evil\x07" + "x" * 5000)
    (event,) = log.recent()
    assert "\x1b" not in event.text
    assert len(event.text) == 500


async def test_fault_58_state_an_unwritable_file_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = a_log(tmp_path / "file" / "events.jsonl")
    log.record("submit", "kept in memory")
    await log.flush()
    await log.load()
    assert [event.text for event in log.recent()] == ["kept in memory"]


async def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "_LIMIT", 10)
    path = tmp_path / "events.jsonl"
    log = a_log(path)
    for number in range(100):
        log.record("status", str(number))
        await log.flush()
    assert path.read_bytes().count(b"\n") <= 20
    again = a_log(path)
    await again.load()
    assert again.recent()[-1].text == "99"


def test_without_a_loop_events_are_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    a_log(path).record("submit", "now")
    assert b'"now"' in path.read_bytes()
