from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from batch_tui.domain.status import BatchStatus
from batch_tui.engine.configuration.config import NotifyTable
from batch_tui.ui.terminal.notifier import Notice, Notifier, ended_notice, run_command, sequence
from tests.support.batches import a_batch

NOTICE = Notice("ended", "batch_1", "nightly", "completed, 9 of 9 succeeded", "completed")


class Called:
    """Everything a notifier did."""

    def __init__(
        self, settings: NotifyTable, *, is_focused: bool = False, environ: dict[str, str] | None = None
    ) -> None:
        self.written: list[str] = []
        self.ran: list[tuple[list[str], bytes]] = []
        self.notifier = Notifier(
            settings,
            write=self.written.append,
            is_focused=lambda: is_focused,
            environ=environ or {},
            run=self.run,
        )

    async def run(self, words: list[str], text: bytes) -> None:
        self.ran.append((words, text))


async def test_the_bell_rings_once_for_all_and_only_when_nobody_looks() -> None:
    away, there = Called(NotifyTable()), Called(NotifyTable(), is_focused=True)
    for called in (away, there):
        await called.notifier.tell([NOTICE, replace(NOTICE, batch_id="batch_2")])
    assert away.written == ["\x07"]
    assert there.written == []


@pytest.mark.parametrize(
    ("settings", "is_focused", "wanted"),
    [
        (NotifyTable(when="always"), True, True),
        (NotifyTable(when="never"), False, False),
        (NotifyTable(on=("runaway",)), False, False),
        (NotifyTable(on=("ended",)), False, True),
    ],
)
def test_the_configuration_decides_when_and_about_what(
    settings: NotifyTable,
    is_focused: bool,  # noqa: FBT001 - a parameter of the table
    wanted: bool,  # noqa: FBT001
) -> None:
    assert Called(settings, is_focused=is_focused).notifier.wants(NOTICE) is wanted


@pytest.mark.parametrize(
    ("how", "sent"),
    [
        ("bell", "\x07"),
        ("osc9", "\x1b]9;batch-tui: nightly: completed, 9 of 9 succeeded\x1b\\"),
        ("osc777", "\x1b]777;notify;batch-tui;nightly: completed, 9 of 9 succeeded\x1b\\"),
        (
            "osc99",
            (
                "\x1b]99;i=batch-tui:d=0;batch-tui\x1b\\"
                "\x1b]99;i=batch-tui:p=body;nightly: completed, 9 of 9 succeeded\x1b\\"
            ),
        ),
    ],
)
def test_each_terminal_gets_its_own_sequence(how: str, sent: str) -> None:
    assert sequence(how, NOTICE) == sent


def test_a_sequence_gets_through_tmux_and_a_bell_needs_no_help() -> None:
    assert sequence("osc9", NOTICE, is_tmux=True).startswith("\x1bPtmux;\x1b\x1b]9;")
    assert sequence("bell", NOTICE, is_tmux=True) == "\x07"


def test_a_name_cannot_break_out_of_the_sequence() -> None:
    hostile = replace(NOTICE, name="a\x1b\\\x07\x1b]52;c;cm0=\x07;b")
    for how in ("osc9", "osc777", "osc99"):
        sent = sequence(how, hostile)
        inner = sent.replace("\x1b]9;", "").replace("\x1b]777;notify;", "").replace("\x1b]99;", "")
        assert "\x1b" not in inner.replace("\x1b\\", "")
        assert "\x07" not in inner
        assert "\x1b]52" not in sent


async def test_a_command_gets_each_notice_as_json_and_tmux_one_message() -> None:
    command = Called(NotifyTable(how="command", command="notify-send 'batch tui'"))
    await command.notifier.tell([NOTICE, replace(NOTICE, batch_id="batch_2")])
    assert [words for words, _ in command.ran] == [["notify-send", "batch tui"]] * 2
    assert json.loads(command.ran[1][1])["batch_id"] == "batch_2"
    tmux = Called(NotifyTable(how="tmux"))
    await tmux.notifier.tell([NOTICE, NOTICE])
    assert tmux.ran[0][0][:2] == ["tmux", "display-message"]
    assert tmux.ran[0][0][2].endswith("(and 1 more)")


async def test_a_name_is_no_format_to_tmux() -> None:
    tmux = Called(NotifyTable(how="tmux"))
    await tmux.notifier.tell([replace(NOTICE, name="#(touch x) 50% #{pid} -l")])
    (words, _), *_ = tmux.ran
    shown = words[2].replace("##", "").replace("%%", "")
    assert "#" not in shown
    assert "%" not in shown
    assert words[2].startswith("batch-tui: ##(touch x) 50%% ##{pid} -l: ")


@pytest.mark.parametrize("command", [None, "", "'unclosed"])
async def test_a_command_that_cannot_be_read_runs_nothing(command: str | None) -> None:
    called = Called(NotifyTable(how="command", command=command))
    await called.notifier.tell([NOTICE])
    assert called.ran == []


async def test_a_real_command_reads_the_notice_from_its_stdin(tmp_path: Path) -> None:
    out = tmp_path / "said"
    program = f"import sys, pathlib; pathlib.Path({str(out)!r}).write_bytes(sys.stdin.buffer.read())"
    await run_command([sys.executable, "-c", program], b"hello")
    assert out.read_bytes() == b"hello"
    await run_command([str(tmp_path / "nobody")], b"")


def test_only_an_end_is_told_and_a_bad_one_as_bad() -> None:
    assert ended_notice(a_batch()) is None
    ended = ended_notice(a_batch(status=BatchStatus.COMPLETED, total=9, completed=9))
    assert ended is not None
    assert (ended.kind, ended.text) == ("ended", "completed, 9 of 9 succeeded")
    for bad in (
        a_batch(status=BatchStatus.FAILED),
        a_batch(status=BatchStatus.EXPIRED),
        a_batch(status=BatchStatus.COMPLETED, total=9, failed=9),
    ):
        notice = ended_notice(bad)
        assert notice is not None
        assert notice.kind == "failed"
