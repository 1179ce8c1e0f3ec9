"""Take the README's pictures from the real app on the real gateway: ``python tools/screenshots.py [DIRECTORY]``.

Time stands still for both: the account is seeded as of one moment, nothing progresses, and what a running batch
did before that moment is written into its history. So the same program gives the same bytes.
"""

from __future__ import annotations

import os
import sys
import time

NOW = 1_795_357_330
"""Unix seconds in every picture: a Sunday evening."""
os.environ |= {"TZ": "UTC", "LANG": "C.UTF-8", "COLORTERM": "truecolor", "TERM": "xterm-256color"}
for name in ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "TMUX", "LC_ALL", "LC_CTYPE"):
    os.environ.pop(name, None)  # Textual reads its environment when it is imported
time.tzset()

import asyncio  # noqa: E402
import dataclasses  # noqa: E402
import math  # noqa: E402
import re  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

from msgspec.structs import replace  # noqa: E402

from batch_tui.api.lazy import LazyService  # noqa: E402
from batch_tui.cli.session import connection_of  # noqa: E402
from batch_tui.cli.verbs.demo_ import DEMO_KEY, demo_environment  # noqa: E402
from batch_tui.domain.batch import Batch  # noqa: E402
from batch_tui.engine.cockpit import Cockpit  # noqa: E402
from batch_tui.engine.configuration.settings import Flags, load_settings  # noqa: E402
from batch_tui.engine.monitoring.listing import list_all  # noqa: E402
from batch_tui.gateway.app import Gateway  # noqa: E402
from batch_tui.gateway.clock import Clock  # noqa: E402
from batch_tui.gateway.options import GatewayOptions  # noqa: E402
from batch_tui.gateway.seed import seed_demo  # noqa: E402
from batch_tui.gateway.server import GatewayServer  # noqa: E402
from batch_tui.ui.app import BatchTuiApp  # noqa: E402
from batch_tui.ui.controllers.background import LASTING  # noqa: E402

_TO_RUNAWAY = ("g",)
"""Alarmed batches stand on top."""
_TO_RESULTS = ("slash", *"triage-sunday", "enter", "escape", "enter")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture."""

    name: str
    size: tuple[int, int] = (120, 36)
    keys: tuple[str, ...] = ()
    """What leads there, from a fresh start."""
    theme: str | None = None
    is_ascii: bool = False


SHOTS = (
    Shot("80x24", (80, 24), _TO_RUNAWAY),
    Shot("120x36", keys=_TO_RUNAWAY),
    Shot("200x50", (200, 50), _TO_RESULTS),
    Shot("files", keys=("1", "j")),
    Shot("results", keys=(*_TO_RESULTS, "j", "enter")),
    Shot("errors", keys=(*_TO_RESULTS, "3", *["right_square_bracket"] * 3)),
    Shot("cancel", keys=("g", *["j"] * 5, "x")),
    Shot("help", keys=("question_mark",)),
    Shot("light", keys=_TO_RUNAWAY, theme="textual-light"),
    Shot("terminal-colours", keys=_TO_RUNAWAY, theme="terminal"),
    Shot("ascii", (100, 30), _TO_RUNAWAY, is_ascii=True),
)
_CONFIG = "[guard]\nfailure_percent = 1.5\nafter_requests = 200\n"
"""Strict enough that one batch of the account is marked as a runaway."""
_UNIQUE = re.compile(r"terminal-\d+")
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TEXT = re.compile(
    r'(<text class="terminal-r[^>]* x=")([\d.]+)("[^>]* textLength=")([\d.]+)("[^>]*>)([^<]*)</text>'
)
_BLANK = "\xa0"
_CELL = 12.2
"""Width of a cell in the picture."""
_TURNS = 500
_PAST = 40
"""Minutes of history a running batch gets."""


async def never(_seconds: float) -> None:
    """A sleep in a world where time stands still."""
    await asyncio.Event().wait()


async def shoot(root: Path, base_url: str, workspace: Path, target: Path) -> None:
    """Take every picture, each from a fresh start."""
    for shot in SHOTS:
        (root / shot.name).mkdir()
        (root / shot.name / "config.toml").write_text(_CONFIG, encoding="utf-8")
        svg = await _take(shot, root / shot.name, base_url, workspace)
        (target / f"{shot.name}.svg").write_text(stable(svg), encoding="utf-8")
        print(target / f"{shot.name}.svg")


async def _take(shot: Shot, root: Path, base_url: str, workspace: Path) -> str:
    environ = demo_environment(os.environ, root, base_url) | {"BATCH_TUI_CONFIG": str(root / "config.toml")}
    settings = replace(load_settings(environ, Flags(is_ascii=shot.is_ascii)), theme=shot.theme)
    service = LazyService(connection_of(settings.profile))
    cockpit = Cockpit(settings, service, clock=lambda: float(NOW), sleep=never)
    for batch in (await list_all(service)).batches:
        _remember(cockpit, batch)
    app = BatchTuiApp(cockpit, workspace=workspace, is_ascii=shot.is_ascii, clock=lambda: float(NOW))
    async with app.run_test(size=shot.size) as pilot:
        await _until_still(app)
        for key in shot.keys:
            await pilot.press(key)
            await _until_still(app)
        await pilot.pause()
        svg = app.export_screenshot(title="batch-tui", simplify=True)
    await cockpit.aclose()
    return svg


def _remember(cockpit: Cockpit, batch: Batch) -> None:
    """What a running batch did in the minutes before: a pace that swells and ebbs."""
    began = batch.times.in_progress
    if batch.is_terminal or began is None or batch.counts.done == 0:
        return
    minutes = max(3, min(_PAST, (NOW - began) // 60))
    steps = [1.0 + 0.6 * math.sin(n / 2.7) + 0.25 * math.sin(n * 1.9) for n in range(minutes)]
    done = 0.0
    for minute, step in enumerate(steps):
        done += step / sum(steps) * batch.counts.done
        counts = dataclasses.replace(batch.counts, completed=int(done), failed=0)
        cockpit.history.record(dataclasses.replace(batch, counts=counts), NOW - 60.0 * (minutes - 1 - minute))


async def _until_still(app: BatchTuiApp) -> None:
    """Wait until the first poll is shown and nothing but the monitor is at work."""
    calm = 0
    for _ in range(_TURNS):
        await asyncio.sleep(0.02)
        is_busy = any(w.name not in LASTING and not w.is_finished for w in app.workers)
        is_live = "live" in app.header.facts.condition and bool(app.deck.batches.table.row_ids)
        calm = calm + 1 if is_live and not is_busy else 0
        if calm >= 6:
            return
    raise RuntimeError("the screen never comes to rest: a new lasting worker belongs into LASTING")


def stable(svg: str) -> str:
    """The picture without the numbers that differ at each run, and without fonts fetched from afar."""
    text = _TEXT.sub(_trimmed, _FONT_FACE.sub("", _UNIQUE.sub("terminal", svg)))
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip() + "\n"


def _trimmed(found: re.Match[str]) -> str:
    """A run of text without the blanks at its ends, at the place of its first letter: some viewers drop them."""
    head, x, middle, length, tail, escaped = found.groups()
    text = escaped.replace("&#160;", _BLANK)
    inner = text.lstrip(_BLANK)
    left = len(text) - len(inner)
    inner = inner.rstrip(_BLANK)
    if not inner:
        return ""
    kept = float(length) - (len(text) - len(inner)) * _CELL
    return f"{head}{float(x) + left * _CELL:.1f}{middle}{kept:.1f}{tail}{inner.replace(_BLANK, '&#160;')}</text>"


@contextmanager
def still_gateway(data: Path) -> Iterator[str]:
    """A gateway in which time stands still; gives its base URL."""
    options = GatewayOptions(data=data, api_key=DEMO_KEY)
    ready = threading.Event()
    announced: list[str] = []

    def announce(base_url: str) -> None:
        announced.append(base_url)
        ready.set()

    gateway = Gateway(options, clock=Clock(lambda: float(NOW), never))
    server = GatewayServer(gateway, options, announce)
    thread = threading.Thread(target=server.run, name="gateway", daemon=True)
    thread.start()
    if not ready.wait(20):
        raise SystemExit("The gateway did not start.")
    try:
        yield announced[0]
    finally:
        server.stop()
        thread.join(20)


def take_all(target: Path) -> None:
    """Seed an account, serve it, take the pictures into a directory."""
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="batch-tui-shots-") as folder:
        root = Path(folder)
        workspace = root / "workspace"
        workspace.mkdir()
        seed_demo(root / "gateway", workspace, now=NOW)
        with still_gateway(root / "gateway") as base_url:
            asyncio.run(shoot(root, base_url, workspace, target))


if __name__ == "__main__":
    take_all(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
