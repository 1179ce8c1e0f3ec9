from __future__ import annotations

from pathlib import Path

from batch_tui.ui.terminal.crash import crash_line, write_crash

KEY = "sk-verysecretkey-0123456789"


def failing(key: str) -> None:
    local_copy = key
    raise RuntimeError(f"refused for {local_copy}")


def crash() -> RuntimeError:
    try:
        failing(KEY)
    except RuntimeError as error:
        return error
    raise AssertionError


def test_the_report_holds_the_traceback_but_no_key_and_no_locals(tmp_path: Path) -> None:
    path = write_crash(crash(), tmp_path / "state", secrets=(KEY,))
    assert path is not None
    text = path.read_text()
    assert "RuntimeError" in text
    assert "in failing" in text
    assert KEY not in text
    assert "local_copy =" not in text.replace("local_copy = key", "")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_report_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    path = write_crash(crash(), tmp_path / "file", secrets=(KEY,))
    assert path is None
    line = crash_line(crash(), path, (KEY,))
    assert "could not be written" in line
    assert KEY not in line
    assert "\n" not in line


def test_a_line_never_carries_an_escape() -> None:
    assert "\x1b" not in crash_line(ValueError("\x1b]52;c;AAAA\x07"), None, ())
