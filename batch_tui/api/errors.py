"""The one boundary where the SDK's failures become ours.

More than the SDK's own errors comes out of it: the transport's when a stream is cut, h11's, ``ssl``'s,
``ImportError`` for a SOCKS proxy, ``UnicodeEncodeError`` for a header, ``AttributeError`` for a shape it didn't
expect. All of them are caught here, around nothing but the SDK's call, and each becomes one sentence with its
:class:`~batch_tui.domain.errors.Effect`. Only a connection that was never made proves that nothing happened.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeGuard, TypeVar

import anyio
import h11
import httpx2
import openai

from batch_tui.api.bounded import MAX_REPLY, ReplyTooLongError
from batch_tui.api.connection import Connection, proxy_host, proxy_variable
from batch_tui.api.replies import Call, refusal
from batch_tui.domain import formatting
from batch_tui.domain.errors import ConfigurationError, Effect, ServerFaultError, ServiceError, UnreachableError

E = TypeVar("E", bound=BaseException)
_ESCAPES = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    h11.ProtocolError,
    anyio.EndOfStream,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    OSError,
    ValueError,
    RecursionError,
    ImportError,
    AttributeError,
)
_NO_TLS_REASONS = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH",
)


@contextmanager
def translated(call: Call) -> Generator[None]:
    """Turn whatever the SDK lets out into a ``ServiceError``; our own errors pass."""
    try:
        yield
    except _ESCAPES as error:
        raise translate(error, call) from error


@contextmanager
def built(connection: Connection) -> Generator[None]:
    """Turn what making the client raises (certificates, proxies) into a ``ConfigurationError``."""
    try:
        yield
    except _ESCAPES as error:
        if isinstance(error, FileNotFoundError | ssl.SSLError):
            sentence = (
                "The certificates that SSL_CERT_FILE or SSL_CERT_DIR name can't be read: correct or unset it."
            )
        else:
            name = (proxy_variable(connection, os.environ) or ("A proxy variable", ""))[0]
            sentence = (
                f"{name} names a proxy that can't be used: correct or unset it (SOCKS needs the package socksio)."
            )
        raise ConfigurationError(sentence) from error


def translate(error: BaseException, call: Call) -> ServiceError:
    """The error of ours that one of the SDK's stands for."""
    if isinstance(error, openai.APIStatusError):
        return refusal(error.response, call)
    chain = list(_chain(error))
    return _connecting(chain, call) or _waiting(chain, call) or _reading(chain, call)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, groups unfolded, outermost first.

    ``__context__`` isn't followed: it may lead to an older failure that somebody was handling meanwhile, and
    take a lost reply for a refused connection. httpcore wraps with ``from None`` and keeps the cause in ``args``.
    """
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if _is_group(current):
            waiting.extend(current.exceptions)
        if current.__cause__ is not None:
            waiting.append(current.__cause__)
        waiting.extend(_causes_in_args(current))


def _causes_in_args(error: BaseException) -> Iterator[BaseException]:
    arguments: tuple[object, ...] = error.args
    return (argument for argument in arguments if isinstance(argument, BaseException))


def _is_group(error: BaseException) -> TypeGuard[BaseExceptionGroup[BaseException]]:
    return isinstance(error, BaseExceptionGroup)


def _first(chain: list[BaseException], *kinds: type[E]) -> E | None:
    return next((error for error in chain if isinstance(error, kinds)), None)


def _connecting(chain: list[BaseException], call: Call) -> ServiceError | None:
    """Failures before a request was on the wire: certificates, TLS, proxies, names, refusals."""
    refused = _certificate(chain, call) or _no_tls(chain, call) or _proxied(chain, call)
    if refused is not None:
        return refused
    host = call.host
    if _first(chain, socket.gaierror):
        return UnreachableError(f"Cannot resolve {host}: check the base URL and the network.", effect=Effect.NONE)
    if _first(chain, httpx2.ConnectTimeout):
        return UnreachableError(f"No connection to {host} within 5 s{_perhaps_address(call)}.", effect=Effect.NONE)
    if _first(chain, httpx2.PoolTimeout):
        return UnreachableError(f"All connections to {host} are busy.", effect=Effect.NONE)
    failed = _first(chain, httpx2.ConnectError)
    if failed is None:
        return None
    if _first(chain, ConnectionRefusedError):
        sentence = f"{host_and_port(call)} refused the connection{_perhaps_address(call)}."
        return UnreachableError(sentence, effect=Effect.NONE)
    reason = _os_reason(chain)
    return UnreachableError(f"No connection to {host}{': ' + reason if reason else '.'}", effect=Effect.NONE)


def host_and_port(call: Call) -> str:
    """The host with its port, where the port is what matters."""
    return call.connection.host_and_port


def _certificate(chain: list[BaseException], call: Call) -> UnreachableError | None:
    found = _first(chain, ssl.SSLCertVerificationError)
    if found is None:
        return None
    reason = call.clean(found.verify_message or "not verified", 120)
    return UnreachableError(
        f"The TLS certificate of {call.host} is not valid here ({reason}): "
        "if it is the right one, name its authority in SSL_CERT_FILE.",
        effect=Effect.NONE,
        is_permanent=True,
    )


def _no_tls(chain: list[BaseException], call: Call) -> UnreachableError | None:
    """``https://`` to a port that doesn't speak it."""
    broken = _first(chain, ssl.SSLError)
    reason: str = getattr(broken, "reason", None) or ""  # one that Python raises itself has none
    if any(word in reason for word in _NO_TLS_REASONS):
        return UnreachableError(_no_tls_sentence(call), effect=Effect.NONE, is_permanent=True)
    if _first(
        chain, httpx2.ConnectError, httpx2.ConnectTimeout, ssl.SSLError, anyio.EndOfStream
    ) and _in_handshake(chain):
        return UnreachableError(_no_tls_sentence(call), effect=Effect.NONE)
    return None


def _no_tls_sentence(call: Call) -> str:
    return f"No TLS at {host_and_port(call)}? The base URL starts with https://."


def _in_handshake(chain: list[BaseException]) -> bool:
    """Whether the failure happened while TLS was being agreed: the TCP connection stood already."""
    for error in chain:
        step = error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_name == "start_tls":
                return True
            step = step.tb_next
    return False


def _proxied(chain: list[BaseException], call: Call) -> UnreachableError | None:
    """A proxy of the environment that is dead or refuses: the sentence names its variable."""
    if _first(chain, httpx2.ProxyError, httpx2.ConnectError, httpx2.ConnectTimeout, ImportError) is None:
        return None
    found = proxy_variable(call.connection, os.environ)
    if found is None:
        return None
    name, value = found
    refused = _first(chain, httpx2.ProxyError)
    reason = call.clean(str(refused), 80) if refused is not None else "no connection"
    return UnreachableError(
        f"The proxy {proxy_host(value)} that {name} names can't be used ({reason}): correct or unset it.",
        effect=Effect.NONE,
        is_permanent=True,
    )


def _waiting(chain: list[BaseException], call: Call) -> ServiceError | None:
    """Silence after the request went out."""
    if _first(chain, httpx2.WriteTimeout):
        return UnreachableError(f"{call.host} takes no more bytes.", effect=call.effect())
    if _first(chain, httpx2.TimeoutException, openai.APITimeoutError, TimeoutError):
        return UnreachableError(f"{call.host} did not answer within {call.seconds:g} s.", effect=call.effect())
    return None


def _reading(chain: list[BaseException], call: Call) -> ServiceError:
    """Replies that were lost, cut or are no HTTP; and requests the SDK can't put on the wire."""
    effect = call.effect()
    if _first(chain, ReplyTooLongError):
        sentence = f"{call.host} sent a reply of more than {formatting.size(MAX_REPLY)}: no list is that long."
        return ServerFaultError(sentence, effect=effect)
    if _first(chain, httpx2.DecodingError):
        return ServerFaultError(f"{call.host} sent a reply whose compression is broken.", effect=effect)
    protocol = _first(chain, httpx2.RemoteProtocolError, h11.RemoteProtocolError)
    if protocol is not None:
        return _broken_reply(str(protocol), call)
    if _first(chain, httpx2.LocalProtocolError, h11.LocalProtocolError, UnicodeError, httpx2.InvalidURL):
        return UnreachableError(
            f"A request to {call.host} can't be written: check key, organization and ids for odd characters.",
            effect=effect,
            is_permanent=True,
        )
    if _first(chain, OSError, httpx2.NetworkError, anyio.EndOfStream, anyio.BrokenResourceError):
        return UnreachableError(f"The connection to {call.host} was lost.{_perhaps_tls(call)}", effect=effect)
    if _first(chain, ImportError):
        return UnreachableError(
            "The network client can't be loaded: reinstall batch-tui.", effect=effect, is_permanent=True
        )
    kind = type(chain[-1]).__name__
    return ServerFaultError(f"{call.host} sent a reply that can't be read ({kind}).", effect=effect)


def _broken_reply(reason: str, call: Call) -> ServiceError:
    if "without sending" in reason and "complete" not in reason:
        return UnreachableError(
            f"{call.host} closed the connection without an answer.{_perhaps_tls(call)}", effect=call.effect()
        )
    if "complete message body" in reason or "incomplete" in reason:
        return ServerFaultError(f"{call.host} cut its reply short.", effect=call.effect())
    return ServerFaultError(
        f"{host_and_port(call)} did not answer in HTTP: is the base URL right?{_perhaps_tls(call)}",
        effect=call.effect(),
    )


def _perhaps_tls(call: Call) -> str:
    """The likeliest reason why a server never answered plain HTTP; nothing when it did before."""
    is_likely = call.is_plain and not call.has_answered
    return " If it speaks TLS, the base URL must start with https://." if is_likely else ""


def _perhaps_address(call: Call) -> str:
    """What to look at when nobody was ever met at this address; nothing when it answered before."""
    return "" if call.has_answered else ": check the base URL and the network"


def _os_reason(chain: list[BaseException]) -> str:
    """The operating system's words for it, such as "Network is unreachable"."""
    found = next((error for error in chain if isinstance(error, OSError) and error.strerror), None)
    return f"{found.strerror}." if found is not None else ""
