"""From a key to the wire, in a real terminal: cancels under load, and transfers that esc stops.

python -m tests.bench.ours_keys [SCENE …]
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.data import input_file
from tests.support.pty_screen import ROOT, Screen, terminal

WITHIN = 0.1
"""Seconds from the key to the wire, and to a socket that is closed."""
ROUNDS = 50
STOPS = 10
_FILE = 200_000_000
_OPEN = "01"
"""State of an open connection in ``/proc/net/tcp``."""
_HURRY = 20e6
"""Bytes a second of a transfer that lasts as long as what is measured beside it."""


@dataclass
class Machine:
    """The program in its terminal, and the server's events."""

    screen: Screen
    server: subprocess.Popen[bytes]
    folder: Path
    events: list[tuple[str, str, float]] = field(default_factory=list)
    _rest: bytes = b""

    def look(self, patience: float = 0.002) -> None:
        """Take in what program and server wrote."""
        self.screen.read(patience)
        assert self.server.stdout is not None
        while select.select([self.server.stdout], [], [], 0)[0]:
            data = os.read(self.server.stdout.fileno(), 65_536)
            assert data, "the server has ended"
            *lines, self._rest = (self._rest + data).split(b"\n")
            self.events += [(name, about, float(at)) for name, about, at in (x.decode().split() for x in lines)]

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something."""
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline, f"never came: {what}\n{self.screen.shown()}"
            assert self.screen.process.poll() is None, f"ended before {what}\n{self.screen.shown()}"
            self.look()

    def press(self, keys: str, shows: bytes) -> None:
        """Press keys and wait for what they show."""
        before = len(self.screen.output)
        self.screen.send(keys)
        self.until(lambda: shows in self.screen.output[before:], f"{shows!r} after {keys!r}")

    def seconds_to(self, key: str, name: str) -> float:
        """Press a key; seconds until the server has that event."""
        seen, begun = len(self.events), time.monotonic()
        self.screen.send(key)

        def found() -> list[float]:
            return [at for what, _, at in self.events[seen:] if what == name]

        self.until(lambda: bool(found()), f"{name} after {key!r}")
        return found()[0] - begun

    def begin(self, name: str, keys: str) -> str:
        """Press keys that begin a transfer; gives the client's port of it."""
        seen = len(self.events)
        self.screen.send(keys)
        self.until(lambda: any(what == name for what, _, _ in self.events[seen:]), name)
        return next(about for what, about, _ in self.events[seen:] if what == name)

    def seconds_to_close(self, key: str, port: str) -> float:
        """Press a key; seconds until the client's end of a connection is closed."""
        ours = f":{int(port):04X}"
        begun = time.monotonic()
        self.screen.send(key)
        while any(line.split()[1].endswith(ours) and line.split()[3] == _OPEN for line in _connections()):
            assert time.monotonic() - begun < 60, f"it was never closed\n{self.screen.shown()}"
            self.look(0.0005)
        return time.monotonic() - begun

    def happened(self, name: str) -> int:
        """How often the server had an event."""
        return sum(what == name for what, _, _ in self.events)


@contextmanager
def machine(manner: Mapping[str, float]) -> Iterator[Machine]:
    """A server of this manner, and the program on it with a file of 200 MB in its workspace."""
    with tempfile.TemporaryDirectory(prefix="bench-keys-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tests.bench.keys_server", json.dumps(manner)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as server:
            assert server.stdout is not None
            port = server.stdout.readline().split()[1].decode()
            homes = {f"XDG_{word}_HOME": str(folder / word.lower()) for word in ("CONFIG", "STATE", "CACHE")}
            service = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
            workspace = folder / "workspace"
            workspace.mkdir()
            environ = {"HOME": name, **homes, **service}
            try:
                with terminal(["-m", "batch_tui"], environ=environ, cwd=workspace) as screen:
                    running = Machine(screen, server, folder)
                    running.until(lambda: "run-1 " in screen.shown(), "the rows")
                    yield running
            finally:
                server.kill()


def cancels(on: Machine, rounds: int = ROUNDS) -> list[float]:
    """Cancel one batch after the other; seconds from each ``y`` to its POST."""
    found: list[float] = []
    for _ in range(rounds):
        on.press("jx", b"Cancel ")
        found.append(on.seconds_to("y", "cancel"))
    return found


def calm() -> list[float]:
    """Nothing else goes on."""
    with machine({}) as on:
        return cancels(on)


def slow_lists() -> list[float]:
    """A list is asked for before each cancel, and takes ten seconds."""
    with machine({"list_seconds": 10.0}) as on:
        found: list[float] = []
        for _ in range(ROUNDS):
            on.screen.send("r")
            found += cancels(on, 1)
        return found


def loading() -> list[float]:
    """While ten thousand batches are listed, page after page: each is pressed before the last page came."""
    found: list[float] = []
    while len(found) < ROUNDS:
        with machine({"batches": 10_000, "active": 500}) as on:
            while on.happened("list") < 100 and len(found) < ROUNDS:
                found += cancels(on, 1)
    return found


def full_gate() -> list[float]:
    """No cancel is ever answered: all hang, many more than there are places at the gate."""
    with machine({"cancel_seconds": 600.0}) as on:
        return cancels(on)


def uploading(per_second: float = _HURRY) -> list[float]:
    """While 200 MB go up."""
    with machine({"bytes_per_second": per_second}) as on:
        begin_upload(on)
        on.press("2", b"Batches")
        return cancels(on)


def downloading(per_second: float = _HURRY) -> list[float]:
    """While 200 MB come down."""
    with machine({"bytes_per_second": per_second}) as on:
        on.begin("download", "gD")
        return cancels(on)


def begin_upload(on: Machine) -> str:
    """Submit the file of 200 MB, until its bytes are on their way; gives the client's port."""
    os.link(_big_file(), on.folder / "workspace" / "big.jsonl")
    on.press("1r", b"big.jsonl")
    on.press("gn", b"Submit ")
    return on.begin("upload", "y")


def stopped_upload() -> list[float]:
    """``esc`` on an upload of 200 MB: seconds to the closed socket."""
    found: list[float] = []
    for _ in range(STOPS // 2):
        with machine({"bytes_per_second": _HURRY}) as on:
            port = begin_upload(on)
            found.append(on.seconds_to_close("\x1b", port))
    return found


def stopped_download() -> list[float]:
    """``esc`` on a download of 200 MB: seconds to the closed socket."""
    with machine({"bytes_per_second": _HURRY}) as on:
        found: list[float] = []
        for _ in range(STOPS):
            found.append(on.seconds_to_close("\x1b", on.begin("download", "gD")))
            on.look(0.5)  # the part is synced before it may be gone on with
        return found


SCENES: Mapping[str, Callable[[], list[float]]] = {
    "cancel, calm": calm,
    "cancel, slow lists": slow_lists,
    "cancel, 10,000 batches loading": loading,
    "cancel, no cancel answered": full_gate,
    "cancel, 200 MB going up": uploading,
    "cancel, 200 MB coming down": downloading,
    "cancel, 200 MB going up at full speed": lambda: uploading(1e12),
    "cancel, 200 MB coming down at full speed": lambda: downloading(1e12),
    "esc, 200 MB going up": stopped_upload,
    "esc, 200 MB coming down": stopped_download,
}


def scene(name: str) -> None:
    """Measure one, and tell it on stderr."""
    found = sorted(SCENES[name]())
    middle, last, most = (found[min(len(found) - 1, int(len(found) * share))] for share in (0.5, 0.99, 1.0))
    mark = "" if last <= WITHIN else "! "
    figures = f"p50 {middle * 1000:.0f} ms, p99 {last * 1000:.0f} ms, most {most * 1000:.0f} ms"
    print(f"{name}: {mark}{figures} over {len(found)}", file=sys.stderr)  # noqa: T201 - what it is run for


def _connections() -> list[str]:
    """The machine's TCP connections, a line each; Linux only."""
    return Path("/proc/net/tcp").read_text().splitlines()[1:]


def _big_file() -> Path:
    """A valid input of 200 MB, made once."""
    path = Path(tempfile.gettempdir()) / f"bench-keys-{os.getuid()}.jsonl"
    return input_file(path, _FILE)


def main(names: Sequence[str]) -> int:
    """Measure the scenes whose name holds one of these words; all without."""
    for name in SCENES:
        if not names or any(word in name for word in names):
            scene(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
