"""The screen over the real client and a server that fails: rows stay, keys answer, the sentence is shown."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from textual.pilot import Pilot

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.engine.cockpit import Cockpit
from batch_tui.engine.monitoring.monitor import Tick
from batch_tui.engine.ports import BatchService
from batch_tui.ui.app import BatchTuiApp
from tests.support.batches import many
from tests.support.faults import Fault, FaultServer, Json, say
from tests.support.screen import settings_in, until_asked
from tests.support.wire_faults import wire
from tests.support.wire_service import plain_client


@dataclass
class Wired:
    """The running app and its server."""

    app: BatchTuiApp
    pilot: Pilot[int]
    server: FaultServer
    ticks: int = 0
    lists: int = 0
    """List calls the server had seen when the last tick was shown."""

    @property
    def rows(self) -> tuple[str, ...]:
        return self.app.deck.batches.table.row_ids

    def text_of(self, place: int) -> str:
        return self.app.deck.batches.table.render_line(1 + place).text

    async def until(self, holds: Callable[[], bool], what: str = "it") -> None:
        """Let the loop turn until something holds; a busy machine has half a minute for it."""
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline, f"never came true: {what}; {self.app.header.facts.condition}"
            await self.pilot.pause(0.005)

    async def refreshed(self) -> None:
        """Ask again, until the answer to just that is shown; a tick may come for other reasons."""
        before = self.server.count("list")
        self.app.cockpit.monitor.refresh()
        await self.until(lambda: self.lists > before, "the tick of another list call")


@asynccontextmanager
async def wired(folder: Path, server: FaultServer) -> AsyncIterator[Wired]:
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    service: BatchService = OpenAIService(Connection(server.base_url, "sk-test"), http_client=plain_client())
    cockpit = Cockpit(settings_in(folder), service, sleep=until_asked)
    cockpit.memory.restore()
    app = BatchTuiApp(cockpit, workspace=workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        made = Wired(app, pilot, server)
        show = app.feed.show

        def counted(tick: Tick) -> None:
            show(tick)
            made.ticks += 1
            made.lists = server.count("list")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app.feed, "show", counted)
            yield made
    await cockpit.aclose()


@pytest.mark.parametrize("fault", wire("list_poll_view"))
async def test_under_a_fault_the_rows_stay_the_keys_answer_and_it_is_told(tmp_path: Path, fault: Fault) -> None:
    async with FaultServer() as server:
        ids = [server.add_batch() for _ in range(3)][::-1]
        async with wired(tmp_path, server) as running:
            await running.until(lambda: running.rows == tuple(ids), "the rows")
            for call in ("list", "poll", "download", "file", "files"):
                server.fail(call, fault, times=None)
            await running.refreshed()
            assert running.rows == tuple(ids)
            assert not running.app.header.facts.condition.startswith("live")
            said = running.app.dock.render_line(0).text
            assert said.isprintable()
            assert "127.0.0.1" in said or "pause" in said or "elsewhere.invalid" in said
            await running.pilot.press("j", "j")
            assert running.app.deck.batches.table.cursor_id == ids[2]
            for call in ("list", "poll", "download", "file", "files"):
                server.calm(call)
            assert running.app.return_code is None


async def test_fault_34_list_poll_view_an_idle_connection_that_was_closed_is_not_noticed(tmp_path: Path) -> None:
    async with FaultServer() as server:
        batch_id = server.add_batch()
        async with wired(tmp_path, server) as running:
            await running.until(lambda: running.rows == (batch_id,))
            await server.hang_up()
            await running.refreshed()
            assert running.app.header.facts.condition.startswith("live")


async def test_fault_26_list_poll_view_a_batch_somebody_deleted_is_marked_and_kept(tmp_path: Path) -> None:
    async with FaultServer() as server:
        gone, other = server.add_batch(), server.add_batch()
        async with wired(tmp_path, server) as running:
            await running.until(lambda: running.rows == (other, gone))
            del server.batches[gone]
            await running.refreshed()
            await running.until(lambda: running.app.cockpit.store.is_gone(gone), "gone")
            assert running.rows == (other, gone)


QUIRKS: dict[str, tuple[dict[str, Json], str]] = {
    "38": ({"status": "paused"}, "paused"),
    "39": (
        {"status": 7, "request_counts": [], "metadata": "x", "created_at": [], "endpoint": None, "model": {}},
        "batch_",
    ),
    "40": ({"created_at": "2024-03-26T16:45:33Z", "expires_at": 1e30, "in_progress_at": -5}, "in_progress"),
    "46": ({"status": "completed", "request_counts": {"total": 9, "completed": 0, "failed": 9}}, "9/9"),
    "47": ({"request_counts": {"total": 5, "completed": 9, "failed": -3}}, "6/5"),
}


@pytest.mark.parametrize(
    ("fields", "words"),
    [pytest.param(*quirk, id=f"fault_{number}_list_poll_view_state") for number, quirk in QUIRKS.items()],
)
async def test_what_a_server_says_is_shown_as_it_came_and_kept_for_the_next_start(
    tmp_path: Path, fields: dict[str, Json], words: str
) -> None:
    async with FaultServer() as server:
        plain = server.add_batch()
        odd = server.add_batch(**fields)
        async with wired(tmp_path, server) as running:
            await running.until(lambda: set(running.rows) == {plain, odd})
            await running.refreshed()
            row = running.text_of(running.rows.index(odd))
            assert words in row
            await running.pilot.press("3", "right_square_bracket", "right_square_bracket", "2", "x", "n")
        server.fail("list", say(None, 500), times=None)
        async with wired(tmp_path, server) as again:
            await again.until(lambda: again.ticks > 0 or bool(again.rows))
            assert words in again.text_of(again.rows.index(odd)), "the memory of it is whole"


async def test_fault_41_42_43_44_list_poll_view_state_pages_that_do_not_fit_give_each_batch_once(
    tmp_path: Path,
) -> None:
    async with FaultServer() as server:
        ids = [server.add_batch() for _ in range(6)][::-1]
        wires = [server.batches[batch_id] for batch_id in ids]

        def page(start: int, end: int, last: str | None, *, more: bool) -> Fault:
            return say({"object": "list", "data": wires[start:end], "last_id": last, "has_more": more})

        # A row comes twice, one moves past the border, the cursor leads back, and more is promised than comes.
        server.fail("list", page(0, 3, ids[2], more=True), page(2, 5, ids[2], more=True))
        async with wired(tmp_path, server) as running:
            await running.until(lambda: len(running.rows) == 5)
            assert list(running.rows) == ids[:5]
            server.fail("list", say({"object": "list", "data": None, "has_more": True}))
            await running.refreshed()
            assert list(running.rows) == ids[:5]
            await running.refreshed()
            await running.until(lambda: len(running.rows) == 6, "what was missing comes with the next refresh")
            assert list(running.rows) == ids
        async with wired(tmp_path, server) as again:
            await again.until(lambda: list(again.rows) == ids)


async def test_fault_45_list_poll_view_state_an_ended_batch_never_goes_back(tmp_path: Path) -> None:
    async with FaultServer() as server:
        batch_id = server.add_batch(status="completed", output_file_id="file-1")
        async with wired(tmp_path, server) as running:
            await running.until(lambda: "completed" in running.text_of(0))
            server.batches[batch_id]["status"] = "in_progress"
            await running.refreshed()
            assert "completed" in running.text_of(0)
        async with wired(tmp_path, server) as again:
            await again.until(lambda: again.ticks > 0)
            await again.refreshed()
            assert "completed" in again.text_of(0)


def caused(error: httpx2.HTTPError, cause: Exception) -> httpx2.HTTPError:
    error.__cause__ = OSError(cause)
    return error


def certificate() -> ssl.SSLCertVerificationError:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_message = "self-signed certificate"
    return refused


NO_WAY: dict[str, tuple[httpx2.HTTPError | httpx2.Response, str]] = {
    "fault_01_view": (caused(httpx2.ConnectError("x"), socket.gaierror(-2, "not known")), "resolve"),
    "fault_02_35_view": (
        caused(httpx2.ConnectError("x"), ConnectionRefusedError(111, "refused")),
        "fault.invalid",
    ),
    "fault_03_view": (httpx2.ConnectTimeout("x"), "No connection"),
    "fault_04_view": (caused(httpx2.ConnectError("x"), certificate()), "certificate"),
    "fault_05_view": (httpx2.RemoteProtocolError("x"), "fault.invalid"),
    "fault_36_view": (httpx2.ProxyError("x"), "HTTPS_PROXY"),
    "fault_22_view": (httpx2.Response(429, headers={"Retry-After": "1"}, json={}), "pause"),
    "fault_28_view": (httpx2.Response(413, json={"error": {"message": "Too large."}}), "Too large"),
}


@pytest.mark.parametrize(("failure", "words"), [pytest.param(*row, id=name) for name, row in NO_WAY.items()])
async def test_without_a_way_to_the_service_what_is_known_can_be_looked_at(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: httpx2.HTTPError | httpx2.Response,
    words: str,
) -> None:
    if isinstance(failure, httpx2.ProxyError):
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    def answer(request: httpx2.Request) -> httpx2.Response:
        if isinstance(failure, httpx2.HTTPError):
            raise failure
        return failure

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    service = OpenAIService(Connection("https://fault.invalid/v1", "sk-test"), http_client=http)
    cockpit = Cockpit(settings_in(tmp_path), service, sleep=until_asked)
    cockpit.store.apply(many(3))
    app = BatchTuiApp(cockpit, workspace=tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        running = Wired(app, pilot, FaultServer())
        app.feed.recall()
        await running.until(lambda: words in app.dock.render_line(0).text, words)
        assert running.rows == ("b00000", "b00001", "b00002")
        await pilot.press("j")
        assert app.deck.batches.table.cursor_id == "b00001"
        assert not app.header.facts.condition.startswith("live")
    await cockpit.aclose()
