"""The product in a real terminal: a pty that is the program's own, what it wrote, and what that looks like.

Nothing waits for a time: each wait ends with something on the screen, in a file, or with the program.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds after which a program counts as dead: far more than it needs, on a machine that is busy."""
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\].*?(?:\x07|\x1b\\)|P.*?\x1b\\|[^\[\]P])", re.DOTALL)
_LONGEST_SEQUENCE = 4096
"""Characters; copied text goes out in one."""
_PTY_HOLDS = 4000
"""Bytes a pty holds at the least when it is full; Linux has 4,095."""
_OWN_TERMINAL = (
    "import fcntl,os,sys,termios\nfcntl.ioctl(0,termios.TIOCSCTTY,0)\nos.execv(sys.executable,sys.argv[1:])"
)
"""Makes the pty the program's own terminal, so that hanging up means what it means."""
_FOREIGN_TO_PYTE = re.compile(r"\x1b\[[<>?=][\d;]*[a-zA-Z$]p?|\x1bP.*?\x1b\\", re.DOTALL)


class Screen:
    """A program's terminal.

    Args:
        process: The program.
        master: The terminal's side of the pty.
        size: Columns and lines.
    """

    def __init__(self, process: subprocess.Popen[bytes], master: int, size: tuple[int, int]) -> None:
        self.process = process
        self.master = master
        self.output = b""
        self.before = termios.tcgetattr(master)
        """The terminal's settings before the program touched them."""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._fed = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._cut = ""
        """The beginning of a sequence whose end has not come yet."""
        self._is_closed = False

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        os.kill(self.process.pid, number)

    def resize(self, columns: int, lines: int) -> None:
        """Change the window."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen.resize(lines, columns)

    def hang_up(self) -> None:
        """The other end of the line is gone."""
        if not self._is_closed:
            self._is_closed = True
            os.close(self.master)

    def fresh(self) -> None:
        """Forget what was shown: only what is sent from now on counts."""
        self.lines()  # so that what comes next begins where a sequence begins
        self._screen.reset()

    def lines(self) -> list[str]:
        """What is shown, line by line."""
        text = self._cut + self._decoder.decode(self.output[self._fed :])
        self._fed = len(self.output)
        whole = _whole(text)
        self._cut = text[whole:]
        self._stream.feed(_FOREIGN_TO_PYTE.sub("", text[:whole]))
        return [line.rstrip() for line in self._screen.display]

    def shown(self) -> str:
        """What is shown, as one text."""
        return "\n".join(self.lines())

    def until_shown(self, *words: str) -> str:
        """Read until all words are on the screen; gives the screen."""
        self.until(lambda: all(word in self.shown() for word in words), f"{words} on\n{self.shown()}")
        return self.shown()

    def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Read what the program writes until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"never came: {what}; last {self.output[-500:]!r}")
            if not self.read() and self.process.poll() is not None and not holds():
                raise AssertionError(f"ended before {what}; last {self.output[-1500:]!r}")

    def until_file_has(self, path: Path, word: str, times: int = 1, *, keys: str = "") -> None:
        """Wait, without taking a byte of what is written, until a file holds a word so often.

        Args:
            path: The file.
            word: What it must hold.
            times: How often.
            keys: Pressed again and again meanwhile: what asks for them can't be seen.
        """
        deadline = time.monotonic() + PATIENCE
        while (path.read_text() if path.exists() else "").count(word) < times:
            assert time.monotonic() < deadline, f"never came: {word} in {path.name}"
            assert self.process.poll() is None, f"ended before {word}"
            if keys:
                self.send(keys)
            time.sleep(0.02)

    def read(self, patience: float = 0.05) -> bool:
        """Take in what was written; False when nothing was."""
        if self._is_closed or not select.select([self.master], [], [], patience)[0]:
            return False
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def until_full(self, keys: str) -> None:
        """Press keys, and take no byte of what they draw, until the terminal is full: who writes now waits."""
        deadline = time.monotonic() + PATIENCE
        while not self.is_full:
            assert time.monotonic() < deadline, "never came: a full terminal"
            self.send(keys)
            time.sleep(0.02)

    @property
    def is_full(self) -> bool:
        """True when what was written and not taken is all that a pty holds."""
        waiting = fcntl.ioctl(self.master, termios.FIONREAD, bytes(4))
        return int.from_bytes(waiting, sys.byteorder) >= _PTY_HOLDS

    def until_still(self) -> None:
        """Read until nothing comes and the program sleeps: a busy machine's pause is no end of the picture."""
        self.until(lambda: not any(self.read() or self._is_at_work() for _ in range(4)), "stillness")

    def _is_at_work(self) -> bool:
        """True while one of the program's threads runs, or would if it got a processor."""
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            with suppress(OSError):  # the thread has just ended
                if path.read_text().rpartition(")")[2].split()[0] in {"R", "D"}:
                    return True
        return False

    def ended(self, within: float = PATIENCE) -> int:
        """Read until the program has ended; gives its exit code."""
        deadline = time.monotonic() + within
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still there; last {self.output[-500:]!r}"
            self.read()
        while self.read():
            pass
        return self.process.returncode

    def ended_unread(self, within: float = PATIENCE) -> int:
        """Wait for the end of the program without taking a byte of what it writes."""
        return self.process.wait(within)

    @property
    def is_restored(self) -> bool:
        """True when the terminal is as it was found."""
        return self.is_lent and self.output.count(b"\x1b[22;0t") == self.output.count(b"\x1b[23;0t")

    @property
    def is_lent(self) -> bool:
        """True when settings, screen, cursor, mouse and paste are as they were found; not the title."""
        last: dict[bytes, bytes] = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", self.output))
        shown = {b"1049": b"l", b"25": b"h", b"1000": b"l", b"1003": b"l", b"1006": b"l", b"2004": b"l"}
        modes = all(last.get(mode, value) == value for mode, value in shown.items())
        settings = termios.tcgetattr(self.master)[:4] == self.before[:4]
        return modes and settings


def is_stopped(pid: int) -> bool:
    """True for a process that was sent to sleep."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _whole(text: str) -> int:
    """Where a sequence begins that is cut off at the end of a text; the text's length when none is."""
    last = text.rfind("\x1b", max(0, len(text) - _LONGEST_SEQUENCE))
    return len(text) if last < 0 or _SEQUENCE.match(text, last) else last


@contextmanager
def terminal(
    arguments: Sequence[str],
    *,
    size: tuple[int, int] = (120, 36),
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    is_own: bool = True,
) -> Iterator[Screen]:
    """Run Python with arguments in a terminal, its own one unless it's told otherwise."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    env = kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **(environ or {})}
    takes = ["-c", _OWN_TERMINAL, sys.executable] if is_own else []
    command = [sys.executable, *takes, *arguments]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd, start_new_session=True
    )
    screen = Screen(process, master, size)
    os.close(slave)
    try:
        yield screen
    finally:
        process.kill()
        process.wait()
        screen.hang_up()


@contextmanager
def scene(
    folder: Path,
    name: str,
    *,
    size: tuple[int, int] = (120, 36),
    is_own: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Screen]:
    """One of the scenes of ``screen_program`` in a terminal."""
    arguments = ["-m", "tests.support.screen_program", str(folder), name]
    with terminal(arguments, size=size, is_own=is_own, environ=environ) as screen:
        yield screen
