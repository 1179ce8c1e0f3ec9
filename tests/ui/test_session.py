from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_tui.ui.session import SessionState, load_session, save_session, session_file


def test_a_saved_session_comes_back(tmp_path: Path) -> None:
    state = SessionState(
        pane="files", cursor="batch_1", filter="a !b", marks=("batch_2",), is_zoomed=True, sort="-age"
    )
    path = session_file(tmp_path / "new")
    assert save_session(path, state)
    assert load_session(path) == state
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"[]", b'{"version": 99}', b'{"pane": 4}', b"[" * 100_000, b'{"marks": "x"}', b"\xff"],
)
def test_a_session_that_cannot_be_believed_is_forgotten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(content)
    assert load_session(path) == SessionState()


def test_no_session_is_the_default_one(tmp_path: Path) -> None:
    assert load_session(tmp_path / "none.json") == SessionState()


def test_a_session_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert not save_session(tmp_path / "file" / "session.json", SessionState())


def test_unknown_fields_of_a_session_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_text(json.dumps({"pane": "files", "future": 1}))
    assert load_session(path).pane == "files"
