from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.api.lazy import LazyService
from batch_tui.domain.batch import Batch, NewBatch
from batch_tui.domain.errors import ConfigurationError, NotTheApiError, ServiceError, UnreachableError
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.ports import BatchService
from tests.api.conftest import KEY
from tests.support.faults import FaultServer, Reply, answer, say

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=()), max_size=10),
    st.sampled_from(["batch", "list", "batch_1", "file-1", "file"]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.sampled_from(["id", "object", "data", "value", "has_more", "errors", "error"]), st.text()
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=10,
)
replies = st.one_of(anything.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40))


def mocked(handler: httpx2.MockTransport, url: str = "https://api.example.org/v1") -> OpenAIService:
    return OpenAIService(Connection(url, KEY), http_client=httpx2.AsyncClient(transport=handler))


def both_are_the_port(eager: OpenAIService, lazy: LazyService) -> tuple[BatchService, BatchService]:
    """mypy checks what this says: both implement the engine's port."""
    return eager, lazy


async def test_a_page_holds_the_batches_the_cursor_and_the_server_s_time(
    server: FaultServer, service: OpenAIService
) -> None:
    ids = [server.add_batch(metadata={"name": f"n{n}"}) for n in range(5)]
    first = await service.list_batches(limit=3)
    assert [batch.id for batch in first.batches] == [*reversed(ids)][:3]
    assert (first.has_more, first.last_id) == (True, ids[2])
    assert first.server_time is not None
    second = await service.list_batches(after=first.last_id, limit=3)
    assert [batch.id for batch in second.batches] == [ids[1], ids[0]]
    assert (second.has_more, server.seen[-1].query) == (False, {"after": ids[2], "limit": "3"})


async def test_a_batch_keeps_the_server_s_json(server: FaultServer, service: OpenAIService) -> None:
    batch_id = server.add_batch(extra={"deep": [1, None, "x"]})
    listed = (await service.list_batches()).batches[0]
    polled = await service.retrieve_batch(batch_id)
    assert listed == polled
    assert json.loads(listed.raw) == json.loads(polled.raw) == server.batches[batch_id]


async def test_a_create_sends_what_was_ordered_and_nothing_else(
    server: FaultServer, service: OpenAIService
) -> None:
    file_id = server.add_file(b"{}\n", purpose="batch")
    batch = await service.create_batch(
        NewBatch(file_id, "/v1/embeddings", "336h", {"batch_tui_intent": "u-1"}, output_expires_after=3600)
    )
    assert json.loads(server.seen[-1].body) == {
        "input_file_id": file_id,
        "endpoint": "/v1/embeddings",
        "completion_window": "336h",
        "metadata": {"batch_tui_intent": "u-1"},
        "output_expires_after": {"anchor": "created_at", "seconds": 3600},
    }
    assert (batch.status, batch.completion_window) == (BatchStatus.VALIDATING, "336h")
    await service.create_batch(NewBatch(file_id, "/v1/embeddings"))
    assert set(json.loads(server.seen[-1].body)) == {"input_file_id", "endpoint", "completion_window"}


async def test_a_cancel_gives_the_batch_as_it_now_is(server: FaultServer, service: OpenAIService) -> None:
    assert (await service.cancel_batch(server.add_batch())).status is BatchStatus.CANCELLING


async def test_fault_74_create_poll_cancel_of_a_batch_of_megabytes_only_the_short_fields_are_read(
    server: FaultServer, service: OpenAIService
) -> None:
    metadata = {**{f"key {number}": "value" for number in range(100_000)}, "batch_tui_intent": "u-1"}
    batch_id = server.add_batch()
    huge = {"id": batch_id, "status": "cancelling", "model": "word " * 100_000, "metadata": metadata}
    asked: dict[str, Callable[[], Awaitable[Batch]]] = {
        "create": lambda: service.create_batch(NewBatch("file-1", "/v1/embeddings")),
        "poll": lambda: service.retrieve_batch(batch_id),
        "cancel": lambda: service.cancel_batch(batch_id),
    }
    for kind, ask in asked.items():
        server.fail(kind, say(huge))
        batch = await ask()
        assert (batch.id, batch.status) == (batch_id, BatchStatus.CANCELLING), kind
        assert batch.model == "(500,002 bytes, not read)", kind
        assert {*batch.metadata} == {"…", "batch_tui_intent"}, kind


async def test_fault_16_poll_megabytes_that_are_no_batch_are_not_believed(
    server: FaultServer, service: OpenAIService
) -> None:
    for words in ({"id": "another", "x": "y" * 2_000_000}, ["y" * 2_000_000]):
        server.fail("poll", say(words))
        with pytest.raises(NotTheApiError):
            await service.retrieve_batch("batch_1")


async def test_files_are_listed_by_page_and_looked_up(server: FaultServer, service: OpenAIService) -> None:
    ids = [server.add_file(b"x" * n) for n in (1, 2)]
    page = await service.list_files(purpose="batch_output", limit=1)
    assert [(file.id, file.bytes) for file in page.files] == [(ids[1], 2)]
    assert (page.has_more, page.last_id) == (True, ids[1])
    assert server.seen[-1].query == {"purpose": "batch_output", "limit": "1", "order": "desc"}
    file = await service.retrieve_file(ids[0])
    assert (file.id, file.bytes, json.loads(file.raw)["object"]) == (ids[0], 1, "file")


@pytest.mark.parametrize(
    "page",
    [
        [{"id": "batch_1"}],
        {"data": [{"id": "batch_1"}]},
        {"value": [{"id": "batch_1"}], "has_more": None},
    ],
)
async def test_lists_of_other_servers_are_read(server: FaultServer, service: OpenAIService, page: object) -> None:
    server.fail("list", say(page))
    read = await service.list_batches()
    assert ([batch.id for batch in read.batches], read.has_more, read.last_id) == (["batch_1"], False, "batch_1")


async def test_fault_29_create_follows_no_redirect_and_sends_nothing_to_another_host(
    server: FaultServer, service: OpenAIService
) -> None:
    async with FaultServer() as other:
        server.fail("create", answer(Reply(307, b"", {"Location": f"{other.base_url}/batches"})))
        with pytest.raises(ServiceError, match="which is not followed"):
            await service.create_batch(NewBatch("file-1", "/v1/embeddings"))
        assert other.seen == []


def test_fault_29_list_redirects_are_off_even_when_the_given_client_follows_them() -> None:
    client = httpx2.AsyncClient(follow_redirects=True)
    OpenAIService(Connection("https://api.example.org/v1", KEY), http_client=client)
    assert client.follow_redirects is False


async def test_the_profile_s_organization_is_sent_and_the_environment_s_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-environment")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-environment")
    seen: list[httpx2.Headers] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers)
        return httpx2.Response(200, json={"data": []})

    for organization in (None, "org-profile"):
        service = OpenAIService(
            Connection("https://api.example.org/v1", KEY, organization=organization),
            http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(handle)),
        )
        await service.list_batches()
    assert [headers.get("openai-organization") for headers in seen] == [None, "org-profile"]
    assert [headers.get("openai-project") for headers in seen] == [None, None]


async def test_requests_have_their_own_time_limits() -> None:
    seen: dict[str, object] = {}

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen[f"{request.method} {request.url.path}"] = request.extensions["timeout"]
        return httpx2.Response(200, json={"id": "batch_1", "object": "batch"})

    service = OpenAIService(
        Connection("https://api.example.org/v1", KEY),
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(handle)),
    )
    await service.retrieve_batch("batch_1")
    await service.create_batch(NewBatch("file-1", "/v1/embeddings"))
    await service.cancel_batch("batch_1")
    assert {
        call: (limits["connect"], limits["read"]) for call, limits in seen.items() if isinstance(limits, dict)
    } == {
        "GET /v1/batches/batch_1": (5.0, 15.0),
        "POST /v1/batches": (5.0, 60.0),
        "POST /v1/batches/batch_1/cancel": (5.0, 10.0),
    }


@given(body=replies, status=st.sampled_from([200, 200, 200, 201, 204, 302, 400, 404, 409, 429, 500, 599]))
def test_fault_39_list_poll_create_whatever_a_server_says_is_a_value_or_one_of_our_errors(
    body: bytes, status: int
) -> None:
    def handle(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": "application/json"})

    async def ask_everything() -> None:
        service = mocked(httpx2.MockTransport(handle))
        for ask in (
            service.list_batches,
            service.list_files,
            lambda: service.retrieve_batch("batch_1"),
            lambda: service.retrieve_file("file-1"),
            lambda: service.create_batch(NewBatch("file-1", "/v1/embeddings")),
            lambda: service.cancel_batch("batch_1"),
        ):
            with contextlib.suppress(ServiceError):
                await ask()
        await service.aclose()

    asyncio.run(ask_everything())


async def test_the_lazy_service_does_what_the_client_does(server: FaultServer) -> None:
    lazy = await asyncio.to_thread(LazyService, Connection(server.base_url, KEY))
    await lazy.warm_up()
    batch_id = server.add_batch()
    pages = await asyncio.gather(lazy.list_batches(), lazy.list_batches(limit=1))
    assert [[batch.id for batch in page.batches] for page in pages] == [[batch_id], [batch_id]]
    assert (await lazy.cancel_batch(batch_id)).id == (await lazy.retrieve_batch(batch_id)).id
    await lazy.aclose()


async def test_a_key_that_was_replaced_is_taken_from_its_source_and_used_from_then_on(server: FaultServer) -> None:
    keys = [KEY]
    lazy = await asyncio.to_thread(LazyService, Connection(server.base_url, KEY), ask_key=lambda: keys[-1])
    await lazy.list_batches()
    assert await lazy.renew_key() is None
    keys.append("another-key")
    assert await lazy.renew_key() == "another-key"
    assert await lazy.renew_key() is None
    await lazy.list_batches()
    used = [request.headers["authorization"] for request in server.seen]
    await lazy.aclose()
    assert used == [f"Bearer {KEY}", "Bearer another-key"]


async def test_a_source_that_gives_no_usable_key_leaves_the_old_one(server: FaultServer) -> None:
    lazy = await asyncio.to_thread(LazyService, Connection(server.base_url, KEY), ask_key=lambda: "two words")
    with pytest.raises(ConfigurationError):
        await lazy.renew_key()
    await lazy.list_batches()
    await lazy.aclose()


@pytest.mark.parametrize(("hours", "connections"), [(0, 1), (1, 2), (-1, 2)])
async def test_fault_66_list_poll_after_a_suspension_the_connections_of_before_are_not_trusted(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, hours: int, connections: int
) -> None:
    lazy = await asyncio.to_thread(LazyService, Connection(server.base_url, KEY))
    await lazy.list_batches()
    awake = time.time() + 3600 * hours
    monkeypatch.setattr("batch_tui.api.lazy.time.time", lambda: awake)
    await lazy.list_batches()
    await lazy.list_batches()
    assert len(server._connections) == connections
    await lazy.aclose()


async def test_a_lazy_service_that_was_never_used_closes_at_once() -> None:
    lazy = await asyncio.to_thread(LazyService, Connection("https://api.example.org/v1", KEY))
    assert lazy.host == "api.example.org"
    await lazy.aclose()


def test_fault_77_list_a_lazy_service_refuses_a_bad_connection_before_anything_is_loaded() -> None:
    with pytest.raises(ConfigurationError, match="--insecure-http"):
        LazyService(Connection("http://example.org/v1", KEY))


async def test_a_client_that_cannot_be_made_late_is_an_error_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = await asyncio.to_thread(LazyService, Connection("https://api.example.org/v1", KEY))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(UnreachableError, match="SSL_CERT_FILE") as caught:
        await lazy.list_batches()
    assert caught.value.is_permanent


def test_the_lazy_service_loads_nothing_heavy() -> None:
    code = (
        "import sys; import batch_tui.api.lazy; "
        "print([m for m in ('openai', 'httpx2', 'msgspec', 'pydantic', 'aiofiles') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_collection_looks_through_what_loading_the_client_made() -> None:
    code = """
import asyncio, gc
from batch_tui.api.connection import Connection
from batch_tui.api.lazy import LazyService

collected = []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]))
before = gc.get_freeze_count()
asyncio.run(LazyService(Connection("https://api.example.org/v1", "sk-test")).warm_up())
made = gc.get_freeze_count() - before
gc.collect()
print(max(collected[:-2], default=0), gc.isenabled(), made > 50_000, len(gc.get_objects()) < made)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True", "True", "True"]
