from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection
from batch_tui.domain.batch import NewBatch
from batch_tui.domain.errors import ConfigurationError, Effect, ServiceError, UnreachableError
from tests.api.conftest import KEY
from tests.support.faults import FaultServer, close
from tests.support.loop_time import LoopTime
from tests.support.wire_service import plain_client, wire_service

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CALLS: dict[str, Callable[[OpenAIService], Awaitable[object]]] = {
    "list": lambda service: service.list_batches(),
    "poll": lambda service: service.retrieve_batch("batch_1"),
    "create": lambda service: service.create_batch(NewBatch("file-1", "/v1/embeddings")),
    "cancel": lambda service: service.cancel_batch("batch_1"),
}
EVERY_CALL = pytest.mark.parametrize("phase", [pytest.param(name, id=name) for name in CALLS])


def raising(error: Exception) -> httpx2.AsyncClient:
    """A client whose every request fails as httpx2 would have it fail."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        raise error

    return httpx2.AsyncClient(transport=httpx2.MockTransport(handle))


def connect_error(cause: Exception) -> httpx2.ConnectError:
    """As httpcore leaves it: the cause in the arguments of what is in between."""
    error = httpx2.ConnectError(str(cause))
    error.__cause__ = OSError(cause)
    return error


async def failure(client: httpx2.AsyncClient | None, url: str, phase: str) -> UnreachableError:
    service = OpenAIService(Connection(url, KEY), http_client=client)
    with pytest.raises(UnreachableError) as caught:
        await CALLS[phase](service)
    await service.aclose()
    assert str(caught.value).isprintable()
    return caught.value


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A port that answers every connection with ``serve``, which is over when this is."""
    running: list[asyncio.Task[None]] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.append(task)
        await serve(reader, writer)
        await writer.wait_closed()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*running, return_exceptions=True)


@EVERY_CALL
async def test_fault_01_list_poll_create_cancel_a_name_nobody_resolves(phase: str) -> None:
    client = raising(connect_error(socket.gaierror(-2, "Name or service not known")))
    error = await failure(client, "https://no-such-host.invalid/v1", phase)
    assert "Cannot resolve no-such-host.invalid" in str(error)
    assert (error.effect, error.is_permanent) == (Effect.NONE, False)


@EVERY_CALL
async def test_fault_02_list_poll_create_cancel_a_refused_connection_proves_no_effect(phase: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        port = taken.getsockname()[1]
        error = await failure(plain_client(), f"http://127.0.0.1:{port}/v1", phase)
    assert str(error) == f"127.0.0.1:{port} refused the connection: check the base URL and the network."
    assert (error.effect, error.is_permanent) == (Effect.NONE, False)


@EVERY_CALL
async def test_fault_03_list_poll_create_cancel_a_black_hole_is_no_connection(phase: str) -> None:
    error = await failure(raising(httpx2.ConnectTimeout("")), "https://192.0.2.1/v1", phase)
    assert "No connection to 192.0.2.1" in str(error)
    assert (error.effect, error.is_permanent) == (Effect.NONE, False)


@EVERY_CALL
async def test_fault_04_list_poll_create_cancel_a_bad_certificate_is_named(phase: str) -> None:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_message = "self-signed certificate"
    error = await failure(raising(connect_error(refused)), "https://example.org/v1", phase)
    assert "TLS certificate of example.org is not valid here (self-signed certificate)" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert (error.effect, error.is_permanent) == (Effect.NONE, True)


@EVERY_CALL
async def test_fault_05_list_poll_create_cancel_https_to_a_plain_port_is_told(phase: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with listening(serve) as port:
        error = await failure(plain_client(), f"https://127.0.0.1:{port}/v1", phase)
        assert f"No TLS at 127.0.0.1:{port}?" in str(error)
    assert (error.effect, error.is_permanent) == (Effect.NONE, True)


async def test_fault_05_list_https_to_a_silent_port_is_told_in_time() -> None:
    time = LoopTime()

    async def client_leaves(reader: asyncio.StreamReader) -> None:
        await reader.read()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await time.run_ahead_until(client_leaves(reader), at_most=6)
        writer.close()

    async with listening(serve) as port:
        error = await failure(plain_client(), f"https://127.0.0.1:{port}/v1", "list")
        assert f"No TLS at 127.0.0.1:{port}?" in str(error)
    assert error.effect is Effect.NONE


async def plain_request(answer: bytes, phase: str, *, is_reset: bool = False) -> ServiceError:
    """What is told when plain HTTP goes to a port that speaks TLS, which answers as real ones do."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.transport.abort() if is_reset else writer.close()

    async with listening(serve) as port, wire_service(f"http://127.0.0.1:{port}/v1", KEY) as service:
        with pytest.raises(ServiceError) as caught:
            await CALLS[phase](service)
        assert str(caught.value).startswith(("127.0.0.1", "The connection to 127.0.0.1"))
        assert str(caught.value).count(". ") <= 1
    return caught.value


@EVERY_CALL
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n"
            b"<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
            id="nginx",
        ),
        pytest.param(
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", id="go"
        ),
    ],
)
async def test_fault_05_list_poll_create_cancel_http_to_a_tls_port_is_told_with_the_next_step(
    phase: str, answer: bytes
) -> None:
    error = await plain_request(answer, phase)
    assert isinstance(error, UnreachableError)
    assert error.is_permanent
    assert str(error).endswith("speaks TLS, and the base URL starts with http://: make it https://.")


@EVERY_CALL
@pytest.mark.parametrize(
    ("answer", "is_reset"),
    [
        pytest.param(b"", False, id="close"),
        pytest.param(b"", True, id="reset"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x16", False, id="alert"),
    ],
)
async def test_fault_05_list_poll_create_cancel_a_tls_port_without_a_word_is_at_least_suspected(
    phase: str, answer: bytes, *, is_reset: bool
) -> None:
    error = await plain_request(answer, phase, is_reset=is_reset)
    assert str(error).endswith(" If it speaks TLS, the base URL must start with https://.")


async def test_a_server_that_answered_before_is_not_suspected_of_speaking_tls(
    server: FaultServer, service: OpenAIService
) -> None:
    await service.list_batches()
    server.fail("list", close(after=False))
    with pytest.raises(UnreachableError, match=r"closed the connection without an answer\.$"):
        await service.list_batches()


async def test_a_broken_connection_that_python_itself_reports_has_no_reason_and_is_no_crash() -> None:
    error = await failure(raising(connect_error(ssl.SSLError("x"))), "https://example.org/v1", "create")
    assert "No connection to example.org" in str(error)


@EVERY_CALL
async def test_fault_36_list_poll_create_cancel_a_dead_proxy_is_named_by_its_variable(
    phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.invalid:3128")
    client = raising(connect_error(ConnectionRefusedError(111, "refused")))
    error = await failure(client, "https://api.openai.com/v1", phase)
    assert "The proxy proxy.invalid:3128 that HTTPS_PROXY names can't be used" in str(error)
    assert "secret" not in str(error)
    assert (error.effect, error.is_permanent) == (Effect.NONE, True)


async def test_fault_36_create_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:3128")
    client = raising(httpx2.ProxyError("407 Proxy Authentication Required"))
    error = await failure(client, "https://api.openai.com/v1", "create")
    assert "ALL_PROXY" in str(error)
    assert "407" in str(error)


@pytest.mark.parametrize(
    ("error", "words", "effect"),
    [
        (httpx2.PoolTimeout(""), "are busy", Effect.NONE),
        (httpx2.ConnectError(""), "No connection to", Effect.NONE),
        (connect_error(OSError(101, "Network is unreachable")), "Network is unreachable.", Effect.NONE),
        (httpx2.WriteTimeout(""), "takes no more bytes", Effect.UNKNOWN),
        (httpx2.ReadError(""), "was lost", Effect.UNKNOWN),
        (httpx2.LocalProtocolError("Illegal header value"), "can't be written", Effect.UNKNOWN),
        (httpx2.UnsupportedProtocol("x"), "can't be read", Effect.UNKNOWN),
    ],
)
async def test_only_a_connection_that_was_never_made_proves_that_nothing_happened(
    error: Exception, words: str, effect: Effect
) -> None:
    service = OpenAIService(Connection("https://example.org/v1", KEY), http_client=raising(error))
    with pytest.raises(Exception, match=words) as caught:
        await CALLS["create"](service)
    assert getattr(caught.value, "effect", None) is effect


async def test_an_older_failure_that_is_being_handled_is_not_taken_for_this_one() -> None:
    service = OpenAIService(Connection("https://example.org/v1", KEY), http_client=raising(httpx2.ReadTimeout("")))
    try:
        raise connect_error(ConnectionRefusedError(111, "refused"))
    except httpx2.ConnectError:
        with pytest.raises(UnreachableError) as caught:
            await CALLS["create"](service)
    assert caught.value.effect is Effect.UNKNOWN


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SSL_CERT_FILE", "/nowhere/ca.pem"), ("HTTPS_PROXY", "socks5://127.0.0.1:1"), ("ALL_PROXY", "gopher://x")],
)
def test_fault_37_list_poll_create_a_client_that_cannot_be_made_says_which_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=variable):
        OpenAIService(Connection("https://api.openai.com/v1", KEY))


def test_fault_37_cancel_a_certificate_file_without_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken = tmp_path_factory.mktemp("certificates") / "ca.pem"
    broken.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(broken))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        OpenAIService(Connection("https://api.openai.com/v1", KEY))
