"""The screens to be measured, each in a terminal of its own until its first live row stands there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

from batch_tui.domain.batch import Batch, RequestCounts, Timestamps
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.configuration.settings import Flags, load_settings
from batch_tui.engine.monitoring.cache import Snapshot, SnapshotFile

ROWS = 30
_ROW = b"nightly-eval-00003"
_PATIENCE = 30.0


def ours(folder: str) -> float:
    """The program on the batches of its last run, without a picture of it: what stands there is live."""
    environ = _environ(folder)
    settings = load_settings(environ, Flags())
    profile = settings.profile
    place = f"{profile.base_url} {profile.organization} {profile.project}"
    SnapshotFile(settings.paths.cache, service=place).save(Snapshot(_batches(), time.time(), is_complete=True))
    (Path(folder) / "cache" / "batch-tui" / "frame").unlink(missing_ok=True)
    return _until_row(["-c", "from batch_tui.cli.entry import main; main()"], environ)


def bare(folder: str) -> float:
    """A Textual application of stock widgets: header, footer, a tree, two tables with as many rows."""
    return _until_row(["-m", "tests.bench.bare_screen"], _environ(folder))


def _batches() -> tuple[Batch, ...]:
    now = int(time.time())
    return tuple(
        Batch(
            f"batch_{n:08d}",
            BatchStatus.IN_PROGRESS,
            counts=RequestCounts(50_000, 31_000 + n, n % 3),
            times=Timestamps(created=now - 60 * n, expires=now + 70_000),
            metadata={"name": f"nightly-eval-{n:05d}"},
            model="gpt-5-mini",
        )
        for n in range(ROWS)
    )


def _environ(folder: str) -> dict[str, str]:
    places = {f"XDG_{kind.upper()}_HOME": f"{folder}/{kind}" for kind in ("cache", "state", "config")}
    root = str(Path(__file__).parents[2])
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    own = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": root}
    # Nobody listens there: the first picture doesn't wait for the network.
    return kept | own | places | {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}


def _until_row(arguments: list[str], environ: dict[str, str]) -> float:
    """CPU seconds of a program until a row stands on its terminal of 120x36; then it is ended."""
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, *arguments], environ)  # noqa: S606 - no shell is needed
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    shown = b""
    deadline = time.monotonic() + _PATIENCE
    while _ROW not in shown:
        if time.monotonic() > deadline or not select.select([terminal], [], [], _PATIENCE)[0]:
            raise TimeoutError(f"no row came: {shown[-300:]!r}")
        shown += os.read(terminal, 65_536)
    os.kill(pid, signal.SIGKILL)
    _, _, used = os.wait4(pid, 0)
    os.close(terminal)
    return used.ru_utime + used.ru_stime
