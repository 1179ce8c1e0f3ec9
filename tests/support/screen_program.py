"""The product's screen over a service in memory, as a program of its own: ``python -m … FOLDER SCENE``.

The service writes each call to FOLDER/calls, so that a test sees what goes on behind a dead screen.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from textual._xterm_parser import XTermParser
from textual.message import Message
from textual.strip import Strip

from batch_tui.domain.batch import BatchPage
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.cockpit import Cockpit
from batch_tui.ui.app import BatchTuiApp, run
from batch_tui.ui.widgets.table import VirtualTable
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import FakeService
from tests.support.hostile import hostile_files, hostile_service, huge_files, huge_service
from tests.support.screen import settings_in

REQUEST = '{"custom_id":"r","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x"}}\n'


class TellingService(FakeService):
    """Tells in a file what was called."""

    calls: Path = Path("/dev/null")

    async def _enter(self, method: str, argument: str) -> None:
        with self.calls.open("a", encoding="utf-8") as out:
            out.write(f"{method} {argument}\n")
        await super()._enter(method, argument)


class BuggyService(TellingService):
    """Has a bug where nobody expects one; the key stands in a local and in the message."""

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        key = "sk-test-not-a-real-key"
        raise ZeroDivisionError(f"a bug with {key} in its words")


def calm() -> FakeService:
    return TellingService(*many(200), a_batch("last", BatchStatus.FAILED, created=NOON - 999, ended=NOON))


def work() -> FakeService:
    """An ended batch with an output first, sixty that run behind it."""
    service = TellingService(*(a_batch(f"run{number:04d}", created=NOON - number) for number in range(60)))
    service.put(a_batch("done", total=1, created=NOON + 1))
    service.finish("done", output=b'{"custom_id":"a","response":{"status_code":200,"body":{}},"error":null}\n')
    return service


def bug_in_worker() -> FakeService:
    return BuggyService()


def bug_in_handler() -> FakeService:
    def broken(app: BatchTuiApp) -> None:
        raise KeyError(app.cockpit.settings.profile.api_key)

    setattr(BatchTuiApp, "redraw", broken)  # noqa: B010 - ctrl+l now has a bug
    return TellingService(*many(3))


def bug_in_draw() -> FakeService:
    """ctrl+l leaves a widget that can't be drawn; the key stands in a local."""

    def broken(table: VirtualTable, y: int, width: int) -> Strip:
        key = table.app.cockpit.settings.profile.api_key if isinstance(table.app, BatchTuiApp) else ""
        raise KeyError(y, width, key)

    def redraw(app: BatchTuiApp) -> None:
        setattr(VirtualTable, "draw", broken)  # noqa: B010 - from now on
        app.screen.refresh(layout=True)

    setattr(BatchTuiApp, "redraw", redraw)  # noqa: B010 - ctrl+l
    return TellingService(*many(3))


def bug_in_keys() -> FakeService:
    """The thread that reads keys has a bug, met by the key U."""
    feed = XTermParser.feed

    def broken(parser: XTermParser, text: str) -> Iterable[Message]:
        if "U" in text:
            key = "sk-test-not-a-real-key"
            raise KeyError(key)
        return feed(parser, text)

    setattr(XTermParser, "feed", broken)  # noqa: B010 - a bug
    return TellingService(*many(3))


def bug_while_working() -> FakeService:
    """The work's account, where a create never answers, and ctrl+l has a bug."""
    bug_in_handler()
    service = work()
    service.hold("create_batch")
    return service


def huge() -> FakeService:
    return huge_service(TellingService)


async def hurried(seconds: float) -> None:
    """Sleep, but never long: one poll follows the other."""
    await asyncio.sleep(min(seconds, 0.05))


def hostile() -> FakeService:
    return hostile_service(TellingService)


SCENES: Mapping[str, Callable[[], FakeService]] = {
    "calm": calm,
    "work": work,
    "bug-in-worker": bug_in_worker,
    "bug-in-handler": bug_in_handler,
    "bug-in-draw": bug_in_draw,
    "bug-in-keys": bug_in_keys,
    "bug-while-working": bug_while_working,
    "hostile": hostile,
    "huge": huge,
    "hurried": calm,
}


def main(folder: Path, scene: str) -> int:
    workspace = folder / "workspace"
    workspace.mkdir(parents=True, exist_ok=True)
    match scene:
        case "hostile":
            hostile_files(workspace)
        case "huge":
            huge_files(workspace)
        case _:
            (workspace / "good.jsonl").write_text(REQUEST)
    TellingService.calls = folder / "calls"
    sleep = hurried if scene == "hurried" else asyncio.sleep
    return run(Cockpit(settings_in(folder), SCENES[scene](), sleep=sleep), workspace=workspace)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
