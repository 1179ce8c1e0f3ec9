"""What the doctor says about a terminal: one sentence each, with the next step where something is wrong."""

from __future__ import annotations

import subprocess
import sys

from batch_tui.cli.terminal_check import Finding, terminal_findings

GOOD = {"TERM": "tmux-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


def look(
    environ: dict[str, str],
    *,
    tmux: dict[str, str] | None = None,
    notify: str = "bell",
    size: tuple[int, int] = (120, 36),
    is_tty: bool = True,
) -> dict[str, Finding]:
    options = tmux or {}
    found = terminal_findings(
        environ, is_input_tty=is_tty, is_output_tty=is_tty, size=size, notify=notify, tmux_option=options.get
    )
    return {finding.topic: finding for finding in found}


def test_a_good_terminal_has_nothing_wrong() -> None:
    assert all(finding.is_well for finding in look(GOOD).values())


def test_tmux_that_keeps_the_clipboard_is_told_with_the_cure() -> None:
    found = look({**GOOD, "TMUX": "/x"}, tmux={"set-clipboard": "off"})
    assert not found["clipboard"].is_well
    assert "set -s set-clipboard on" in found["clipboard"].message
    assert look({**GOOD, "TMUX": "/x"}, tmux={"set-clipboard": "external"})["clipboard"].is_well
    assert not look({**GOOD, "TMUX": "/x"})["clipboard"].is_well


def test_a_term_that_does_not_fit_tmux_is_told() -> None:
    found = look({**GOOD, "TERM": "xterm-256color", "TMUX": "/x"}, tmux={"set-clipboard": "on"})
    assert "tmux-256color" in found["tmux"].message


def test_a_slow_escape_is_told() -> None:
    found = look({**GOOD, "TMUX": "/x"}, tmux={"set-clipboard": "on", "escape-time": "500"})
    assert "escape-time 20" in found["tmux"].message


def test_a_tmux_that_does_not_tell_who_looks_is_told() -> None:
    found = look({**GOOD, "TMUX": "/x"}, tmux={"set-clipboard": "on", "focus-events": "off"})
    assert "set -s focus-events on" in found["notify"].message
    assert "notify" not in look({**GOOD, "TMUX": "/x"}, tmux={"set-clipboard": "on", "focus-events": "on"})


def test_a_tmux_that_keeps_notifications_is_told_with_the_cure() -> None:
    kept = {"set-clipboard": "on", "allow-passthrough": "off"}
    found = look({**GOOD, "TMUX": "/x"}, tmux=kept, notify="osc777")["passthrough"]
    assert not found.is_well
    assert found.message == "tmux lets no notification by osc777 through: tmux set -g allow-passthrough on"
    by_bell = look({**GOOD, "TMUX": "/x"}, tmux=kept)["passthrough"]
    assert by_bell.is_well
    assert "osc9, osc777 or osc99" in by_bell.message
    in_sight = look({**GOOD, "TMUX": "/x"}, tmux={**kept, "allow-passthrough": "on"}, notify="osc9")
    assert "allow-passthrough all" in in_sight["passthrough"].message


def test_nothing_is_said_of_notifications_that_get_through() -> None:
    assert "passthrough" not in look(GOOD, tmux={"allow-passthrough": "off"}, notify="osc9")
    for value in (
        {},
        {"allow-passthrough": "all"},
    ):  # an older tmux has no such option, and lets everything through
        found = look({**GOOD, "TMUX": "/x"}, tmux={"set-clipboard": "on", **value}, notify="osc9")
        assert "passthrough" not in found


def test_a_tmux_that_does_not_answer_is_asked_once() -> None:
    asked: list[str] = []

    def silent(option: str) -> str | None:
        asked.append(option)
        return None

    found = list(
        terminal_findings(
            {**GOOD, "TERM": "xterm", "TMUX": "/x"},
            is_input_tty=True,
            is_output_tty=True,
            size=(120, 36),
            tmux_option=silent,
        )
    )
    assert asked == ["set-clipboard"]
    assert [finding.topic for finding in found if not finding.is_well] == ["clipboard", "tmux"]


def test_a_pipe_is_no_fault_but_a_dumb_terminal_is() -> None:
    assert look(GOOD, is_tty=False)["terminal"].is_well
    assert "batch-tui list" in look(GOOD, is_tty=False)["terminal"].message
    assert not look({**GOOD, "TERM": "dumb"})["terminal"].is_well
    assert not look(GOOD, size=(30, 9))["terminal"].is_well


def test_colours_and_letters_say_what_the_screen_will_do() -> None:
    assert "NO_COLOR" in look({**GOOD, "NO_COLOR": "1"})["colours"].message
    assert "16 colours" in look({"TERM": "xterm", "LANG": "C"})["colours"].message
    assert "ASCII" in look({"TERM": "xterm", "LANG": "C"})["letters"].message


def test_the_doctor_loads_nothing_of_the_screens_toolkit() -> None:
    code = "import sys, batch_tui.cli.verbs.doctor_; print([m for m in ('textual', 'openai') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
