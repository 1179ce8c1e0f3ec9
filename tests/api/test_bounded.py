"""What isn't a file's content is small: a reply that goes on and on is given up before it fills the memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from batch_tui.api import bounded
from batch_tui.api.bounded import BoundedClient
from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.domain.batch import NewBatch
from batch_tui.domain.errors import Effect, ServerFaultError, ServiceError
from batch_tui.domain.files import RemoteFile

BOUND = 1_000_000
PIECE = b" " * 50_000
TOLD = "api.example.org sent a reply of more than 64 MB: no list is that long."


class Spring(httpx2.AsyncByteStream):
    """A body without an end; knows how much of it was taken, and whether anybody turned it off."""

    def __init__(self) -> None:
        self.taken = 0
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += len(PIECE)
            yield PIECE

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.fixture(autouse=True)
def _a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_REPLY", BOUND)


def a_service(answer: Callable[[httpx2.Request], httpx2.Response]) -> OpenAIService:
    client = BoundedClient(transport=httpx2.MockTransport(answer))
    return OpenAIService(Connection("https://api.example.org/v1", "sk-test"), http_client=client)


async def failure_of(service: OpenAIService, *, is_create: bool = False) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await (service.create_batch(NewBatch("file-1", "/v1/embeddings")) if is_create else service.list_batches())
    await service.aclose()
    return caught.value


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_reply_without_an_end_is_given_up_and_its_connection_closed(status: int) -> None:
    spring = Spring()
    error = await failure_of(a_service(lambda _: httpx2.Response(status, stream=spring)))
    assert str(error) == TOLD
    assert isinstance(error, ServerFaultError)
    assert BOUND < spring.taken <= BOUND + len(PIECE)
    assert spring.is_closed


async def test_what_such_a_reply_to_a_create_has_done_is_unknown() -> None:
    error = await failure_of(a_service(lambda _: httpx2.Response(200, stream=Spring())), is_create=True)
    assert error.effect is Effect.UNKNOWN


async def test_little_that_unpacks_to_much_is_given_up_too() -> None:
    bomb = gzip.compress(b" " * 50 * BOUND)
    assert len(bomb) < BOUND / 10
    error = await failure_of(
        a_service(lambda _: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, content=bomb))
    )
    assert str(error) == TOLD


async def test_a_packed_list_is_read_and_the_servers_clock_with_it() -> None:
    page = {"object": "list", "data": [{"id": "b1", "object": "batch", "status": "completed"}], "has_more": False}
    headers = {"Content-Encoding": "gzip", "Date": "Mon, 23 Nov 2026 05:00:00 GMT"}
    service = a_service(
        lambda _: httpx2.Response(200, headers=headers, content=gzip.compress(json.dumps(page).encode()))
    )
    found = await service.list_batches()
    assert [batch.id for batch in found.batches] == ["b1"]
    assert found.server_time == 1_795_410_000
    await service.aclose()


async def test_a_file_may_be_as_long_as_it_is(tmp_path: Path) -> None:
    content = b"x" * (3 * BOUND)
    service = a_service(lambda _: httpx2.Response(200, content=content))
    file = RemoteFile("file-1", "out.jsonl", len(content))
    assert (await service.download_file(file, tmp_path / "out.jsonl")).read_bytes() == content
    await service.aclose()


async def test_an_error_without_an_end_in_place_of_a_file_is_given_up(tmp_path: Path) -> None:
    spring = Spring()
    service = a_service(lambda _: httpx2.Response(500, stream=spring))
    with pytest.raises(ServerFaultError, match="no list is that long"):
        await service.download_file(RemoteFile("file-1", "out.jsonl", 10), tmp_path / "out.jsonl")
    assert spring.is_closed
    await service.aclose()
