from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.ui.terminal.clipboard import OSC52_LIMIT, copy, osc52
from batch_tui.ui.terminal.facts import set_title, terminal_facts, too_small, window_title


def _facts(**environ: str) -> str:
    return terminal_facts(environ, is_input_tty=True, is_output_tty=True).refusal


def test_a_pipe_and_a_dumb_terminal_are_refused_with_the_headless_twin() -> None:
    assert "batch-tui list" in terminal_facts({}, is_input_tty=False, is_output_tty=True).refusal
    assert "batch-tui list" in terminal_facts({}, is_input_tty=True, is_output_tty=False).refusal
    assert "TERM=dumb" in _facts(TERM="dumb")
    assert _facts(TERM="xterm-256color") == ""


def test_the_environment_tells_about_remoteness_colour_and_letters() -> None:
    facts = terminal_facts(
        {"SSH_CONNECTION": "a b", "NO_COLOR": "1", "TERM": "xterm", "LANG": "C", "TMUX": "/tmp/t"},  # noqa: S108
        is_input_tty=True,
        is_output_tty=True,
    )
    assert (facts.is_remote, facts.has_color, facts.is_ascii, facts.has_palette, facts.is_tmux) == (
        True,
        False,
        True,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("locale", "is_ascii"),
    [("de_DE.UTF-8", False), ("C.utf8", False), ("en_US.ISO-8859-1", True), ("de_DE@euro", True), ("POSIX", True)],
)
def test_signs_follow_the_locale(locale: str, *, is_ascii: bool) -> None:
    assert terminal_facts({"LANG": locale}, is_input_tty=True, is_output_tty=True).is_ascii is is_ascii
    assert (
        terminal_facts({"LANG": "C", "LC_ALL": locale}, is_input_tty=True, is_output_tty=True).is_ascii is is_ascii
    )


def test_a_window_below_forty_by_ten_is_told_in_one_line() -> None:
    assert too_small(40, 10) == ""
    assert "39x10" in too_small(39, 10)
    assert too_small(200, 9)


@given(st.text())
def test_no_title_can_break_out_of_its_sequence(text: str) -> None:
    sequence = set_title(text)
    assert sequence.startswith("\x1b]0;")
    assert not set(sequence[4:-1]) & {chr(code) for code in (*range(32), *range(127, 160))}


def test_the_title_counts_what_runs_and_what_is_in_trouble() -> None:
    assert window_title(3, 1) == "batch-tui 3▶ 1✗"
    assert window_title(0, 0) == "batch-tui"
    assert window_title(2, 1, is_ascii=True).isascii()


@given(st.text())
def test_a_copied_text_arrives_whole_and_cannot_break_out(text: str) -> None:
    sequence = osc52(text)
    payload = sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")
    assert base64.b64decode(payload, validate=True) == text.encode("utf-8", errors="replace")


async def test_without_tmux_the_terminal_gets_the_text() -> None:
    written: list[str] = []
    assert await copy("batch_1", {}, written.append) == "Sent to the terminal's clipboard."
    assert written == [osc52("batch_1")]
    assert "first" in await copy("x" * (OSC52_LIMIT + 1), {}, written.append)


async def test_inside_tmux_its_buffer_gets_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "tmux"
    fake.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/text\n', encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    written: list[str] = []
    assert "tmux" in await copy("batch_1\n", {"TMUX": "x"}, written.append)
    assert (tmp_path / "text").read_text() == "batch_1\n"
    assert (tmp_path / "arguments").read_text() == "load-buffer -w -\n"
    assert written == []


async def test_a_tmux_that_fails_leaves_it_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    written: list[str] = []
    await copy("batch_1", {"TMUX": "x"}, written.append)
    assert written == [osc52("batch_1")]
