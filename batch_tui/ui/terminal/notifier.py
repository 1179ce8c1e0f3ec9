"""Calling for attention when nobody looks: bell, the terminal's own notifications, tmux, or a command."""

from __future__ import annotations

import json
import os
import shlex
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from msgspec import Struct, structs

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import grouped
from batch_tui.domain.status import BatchStatus
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.config import NotifyTable

Kind = Literal["ended", "failed", "runaway"]
_PATIENCE = 5.0
"""Seconds a command has before it is ended."""
_LIMIT = 200
TITLE = "batch-tui"


class Notice(Struct, frozen=True):
    """One thing worth a call."""

    kind: Kind
    batch_id: str
    name: str
    text: str
    """One clause: ``completed, 1,188 of 1,200 succeeded``."""
    status: str = ""

    @property
    def sentence(self) -> str:
        """What is shown: name and text, fit for a terminal's sequence."""
        return printable(f"{self.name}: {self.text}", _LIMIT).replace(";", ",")


def ended_notice(batch: Batch) -> Notice | None:
    """What to say of a batch that was active a moment ago; None while it is."""
    if not batch.is_terminal:
        return None
    counts = batch.counts
    is_bad = batch.status in {BatchStatus.FAILED, BatchStatus.EXPIRED} or batch.is_total_loss
    done = f"{grouped(counts.completed)} of {grouped(max(0, counts.total))} succeeded"
    text = batch.status.value if counts.total <= 0 else f"{batch.status.value}, {done}"
    return Notice("failed" if is_bad else "ended", batch.id, batch.name, text, batch.status.value)


def sequence(how: str, notice: Notice, *, is_tmux: bool = False) -> str:
    """What is sent to the terminal; nothing for a way that sends nothing to it."""
    said = notice.sentence
    sent = {
        "bell": "\x07",
        "osc9": f"\x1b]9;{TITLE}: {said}\x1b\\",
        "osc777": f"\x1b]777;notify;{TITLE};{said}\x1b\\",
        "osc99": f"\x1b]99;i=batch-tui:d=0;{TITLE}\x1b\\\x1b]99;i=batch-tui:p=body;{said}\x1b\\",
    }.get(how, "")
    if is_tmux and sent.startswith("\x1b"):
        return "\x1bPtmux;" + sent.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sent


class Notifier:
    """Calls for attention as the configuration says.

    Args:
        settings: When, how and about what.
        write: Sends a sequence to the terminal.
        is_focused: Whether somebody is thought to look.
        environ: ``TMUX`` decides how a sequence gets through.
        run: Runs a command with bytes on its stdin.
    """

    def __init__(
        self,
        settings: NotifyTable,
        *,
        write: Callable[[str], None],
        is_focused: Callable[[], bool],
        environ: Mapping[str, str] = os.environ,
        run: Callable[[list[str], bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._write = write
        self._is_focused = is_focused
        self._is_tmux = bool(environ.get("TMUX"))
        self._run = run or run_command

    def wants(self, notice: Notice) -> bool:
        """True when this is to be told now."""
        settings = self._settings
        if settings.when == "never" or notice.kind not in settings.on:
            return False
        return settings.when == "always" or not self._is_focused()

    async def tell(self, notices: list[Notice]) -> None:
        """Tell what is wanted of these; of several the first by name and the others by their number."""
        wanted = [notice for notice in notices if self.wants(notice)]
        if not wanted:
            return
        match self._settings.how:
            case "command":
                for notice in wanted:
                    await self._command(notice)
            case "tmux":
                await self._run(["tmux", "display-message", _literal(f"{TITLE}: {_summed(wanted).sentence}")], b"")
            case how:
                self._write(sequence(how, _summed(wanted), is_tmux=self._is_tmux))

    async def _command(self, notice: Notice) -> None:
        try:
            words = shlex.split(self._settings.command or "")
        except ValueError:
            return
        if words:
            await self._run(words, json.dumps(structs.asdict(notice)).encode() + b"\n")


async def run_command(words: list[str], text: bytes) -> None:
    """Run a command without a shell; it gets its time and no more, and its failure is nobody's."""
    try:
        process = await create_subprocess_exec(*words, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    except (OSError, ValueError):
        return
    try:
        async with timeout(_PATIENCE):
            await process.communicate(text)
    except TimeoutError:
        process.kill()
        await process.wait()


def _literal(text: str) -> str:
    """A message that tmux shows as it is: its ``-l`` came with 3.4, and a ``#(…)`` would run a command."""
    return text.replace("#", "##").replace("%", "%%")


def _summed(notices: list[Notice]) -> Notice:
    first = notices[0]
    if len(notices) == 1:
        return first
    more = f"{first.text} (and {len(notices) - 1} more)"
    return Notice(first.kind, first.batch_id, first.name, more, first.status)
