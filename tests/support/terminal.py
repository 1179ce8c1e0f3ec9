"""A real terminal for tests: a program in a pty, its output counted by what caused it.

The program decides when an event is over: it writes ``OSC 7777 ; word ST`` to the terminal, which is taken
out of the count. So nothing here waits for a time: every read ends with a mark or with the program.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

ROOT = Path(__file__).parents[2]
_PATIENCE = 20.0
"""Seconds without any output after which a program counts as dead."""


class DeadProgramError(AssertionError):
    """The program ended, or fell silent, before its mark came."""


class Terminal:
    """The terminal's side of a pty.

    Args:
        fd: The master's file descriptor.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pending = b""

    def until(self, word: str) -> bytes:
        """Everything written up to a mark, without the mark."""
        mark = mark_of(word).encode()
        while mark not in self._pending:
            self._pending += self._read()
        before, _, self._pending = self._pending.partition(mark)
        return before

    def send(self, keys: str) -> None:
        """Press keys, as a terminal sends them."""
        os.write(self._fd, keys.encode())

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._fd], [], [], _PATIENCE)
        if not ready:
            raise DeadProgramError(f"silent; last output {self._pending[-600:]!r}")
        try:
            data = os.read(self._fd, 65536)
        except OSError as error:
            raise DeadProgramError(f"ended; last output {self._pending[-2000:]!r}") from error
        if not data:
            raise DeadProgramError(f"ended; last output {self._pending[-2000:]!r}")
        return data


def mark_of(word: str) -> str:
    """The sequence by which a program says that an event is over."""
    return f"\x1b]7777;{word}\x1b\\"


@contextmanager
def program(
    arguments: Sequence[str],
    *,
    columns: int = 120,
    lines: int = 36,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """Run Python with arguments in a pty, as on a plain 256-colour terminal without further talents."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    inherited = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "LC_ALL"}}
    env = inherited | {"TERM": "xterm-256color", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT), **(environ or {})}
    process = Popen(
        [sys.executable, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=env,
        cwd=ROOT,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(master)
    finally:
        process.kill()
        process.wait()
        os.close(master)
