"""What a reply says: its JSON, and for a refusal which of our errors it is, with one clean sentence.

Nothing of a reply is believed for its status alone: a captive portal answers 200 with HTML, a proxy answers
404 for a route it doesn't have, and any text may hold escape sequences or the key itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeGuard
from urllib.parse import urlsplit

import httpx2
import msgspec
from msgspec import Struct

from batch_tui.api.connection import Connection
from batch_tui.domain.errors import (
    Effect,
    ForbiddenError,
    NotFoundError,
    NotTheApiError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    ServiceError,
    UnauthorizedError,
    UnreachableError,
    UnsupportedError,
)
from batch_tui.domain.text import clip, printable

MESSAGE_LIMIT = 300
"""Characters of a service's own message that are shown."""
MAX_WAIT = 7 * 86_400.0
"""Seconds; a longer Retry-After is cut to this."""
_LONG_REFUSAL = 256 * 1024
"""Bytes from which on a refusal isn't decoded."""
_PROVES_NOTHING_HAPPENED = frozenset({400, 401, 403, 404, 413, 415, 422, 429})
_PAGE_STARTS = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<!--")
_PLAIN_TO_TLS = (b"sent to HTTPS port", b"to an HTTPS server", b"sent a plain HTTP request")
"""What servers answer to plain HTTP on a port that speaks TLS."""
_UNKNOWN_ROUTE = ("invalid url", "unknown url", "unknown_url", "unrecognized request url", "no route")


class Call(Struct, frozen=True):
    """One request, as far as its errors depend on it."""

    connection: Connection
    what: str
    """What was asked for, in the words of a message: ``batches``, ``batch batch_1``, ``file file-1``."""
    is_read: bool = True
    """True when the request can't change anything, whatever became of it."""
    names_object: bool = True
    """True when a 404 may mean the object, not the route."""
    seconds: float = 15.0
    """How long an answer was waited for."""
    has_answered: bool = False
    """True when this service has answered in HTTP before."""

    @property
    def host(self) -> str:
        """The service's host, for messages."""
        return self.connection.host

    @property
    def is_plain(self) -> bool:
        """True when the base URL says plain HTTP."""
        return self.connection.url.lower().startswith("http:")

    def effect(self, *, is_proven_harmless: bool = False) -> Effect:
        """What a failure proves about this request."""
        return Effect.NONE if self.is_read or is_proven_harmless else Effect.UNKNOWN

    def clean(self, text: str, limit: int = MESSAGE_LIMIT) -> str:
        """Text from outside, fit to show: no control character, no key, no more than ``limit`` characters."""
        key = self.connection.key
        text = printable(text, limit * 4)
        return clip(text.replace(key, "(key)") if key else text, limit)


def server_time(response: httpx2.Response) -> int | None:
    """The reply's Date header in Unix seconds, or None."""
    moment = _http_date(response.headers.get("date", ""))
    return int(moment.timestamp()) if moment is not None else None


def read_json(response: httpx2.Response, call: Call) -> object:
    """The reply's JSON; any value.

    Raises:
        NotTheApiError: It is a web page.
        ServerFaultError: It is cut, or not JSON.
    """
    require_body(response, call)
    value = decode(response.content)
    if value is UNREADABLE:
        message = f"{call.host} sent a reply that is cut or not JSON."
        raise ServerFaultError(message, effect=call.effect(), status=response.status_code)
    return value


def require_body(response: httpx2.Response, call: Call) -> None:
    """Raise unless the reply is a success with a body that may be JSON."""
    if not response.is_success:
        raise refusal(response, call)
    if is_web_page(response.headers, response.content):
        raise not_the_api(call)
    if not response.content.strip():
        message = f"{call.host} sent an empty reply."
        raise ServerFaultError(message, effect=call.effect(), status=response.status_code)


UNREADABLE = object()
"""What :func:`decode` gives for text that is no JSON."""


def decode(content: bytes) -> object:
    """Any JSON value; the lenient reader (NaN, lone surrogates) has a go at what the fast one refuses."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return UNREADABLE


def encode(value: object) -> str:
    """Compact JSON text of a decoded value; empty for what can't be written (nested too deep)."""
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, OverflowError, RecursionError, TypeError):
        pass
    try:
        return json.dumps(value, separators=(",", ":"))
    except (ValueError, RecursionError):
        return ""


def is_web_page(headers: Mapping[str, str], start: bytes) -> bool:
    """True for HTML, by its type or its first bytes."""
    return "html" in headers.get("content-type", "").lower() or start[:64].lstrip().lower().startswith(
        _PAGE_STARTS
    )


def not_the_api(call: Call) -> NotTheApiError:
    """The error for a web page in place of a reply."""
    return NotTheApiError(
        f"This is not the API (HTML from {call.host}): a captive portal, or a wrong base URL.",
        effect=call.effect(),
    )


def other_object(call: Call) -> NotTheApiError:
    """The error for a reply that isn't about what was asked for."""
    return NotTheApiError(
        f"{call.host} answered, but not with {call.clean(call.what, 120)}, which was asked for.",
        effect=call.effect(),
    )


def refusal(response: httpx2.Response, call: Call) -> ServiceError:
    """The error for a reply with a status below 200 or above 299; its body must have been read."""
    status = response.status_code
    if 300 <= status < 400:
        return _redirected(response, call)
    if status == 400 and call.is_plain and any(words in response.content for words in _PLAIN_TO_TLS):
        return _speaks_tls(call)
    said = _said(response, call)
    if status == 429:
        seconds = retry_after(response.headers)
        return RateLimitedError(_slow_down(call, seconds, said.text), retry_after=seconds, code=said.code)
    message = f"{_headline(status, call, said)}{': ' + said.text if said.text else '.'}"
    effect = call.effect(is_proven_harmless=status in _PROVES_NOTHING_HAPPENED)
    kind = _kind(status, call, said)
    if kind is UnreachableError:
        return UnreachableError(message, effect=effect, is_permanent=True)
    error = kind(message, effect=effect, status=status, code=said.code, param=said.param)
    if isinstance(error, ServerFaultError):
        error.retry_after = retry_after(response.headers)
    return error


def _speaks_tls(call: Call) -> UnreachableError:
    """The error for plain HTTP sent to a port that speaks TLS."""
    return UnreachableError(
        f"{call.connection.host_and_port} speaks TLS, and the base URL starts with http://: make it https://.",
        effect=Effect.NONE,
        is_permanent=True,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: from ``retry-after-ms``, or ``Retry-After`` as seconds, milliseconds or a date.

    Returns:
        0.0 up to a week; None when there is no such header or nobody can read it.
    """
    milliseconds = _positive(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1000, MAX_WAIT)
    value = headers.get("retry-after", "").strip().lower()
    bare = value.removeprefix("ms:").removesuffix("ms")
    seconds = _positive(bare)
    if seconds is not None:
        return min(seconds / 1000 if bare != value else seconds, MAX_WAIT)
    moment = _http_date(value)
    if moment is None:
        return None
    now = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, min((moment - now).total_seconds(), MAX_WAIT))


class _Said(Struct, frozen=True):
    """What the body of a refusal says, cleaned."""

    text: str
    code: str | None
    param: str | None
    is_error_object: bool
    """True when the body is the API's own ``{"error": {…}}``."""

    @classmethod
    def of(cls, body: object, raw: str, call: Call) -> _Said:
        """Read whichever shape the body has: the API's, a framework's ``detail``, or plain text."""
        outer: Mapping[str, object] = body if _is_object(body) else {}
        inner = outer.get("error")
        error: Mapping[str, object] = inner if _is_object(inner) else outer
        text = next((found for name in ("message", "detail", "error") if (found := _words(error.get(name)))), "")
        if not text and not outer:
            text = raw.strip()
        code = error.get("code") or error.get("type")
        param = error.get("param")
        return cls(
            text=call.clean(text),
            code=call.clean(str(code), 80) if isinstance(code, str | int) and code else None,
            param=call.clean(param, 80) if isinstance(param, str) and param else None,
            is_error_object=_is_object(inner),
        )


def _said(response: httpx2.Response, call: Call) -> _Said:
    """What a refusal says; of megabytes, which take seconds to decode, the beginning as it stands."""
    content = response.content
    if is_web_page(response.headers, content):
        return _Said.of(UNREADABLE, "", call)
    if len(content) > _LONG_REFUSAL:
        return _Said.of(UNREADABLE, content[:_LONG_REFUSAL].decode("utf-8", "replace"), call)
    return _Said.of(decode(content), response.text, call)


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _words(value: object) -> str:
    """A message: text, or the first ``msg`` of a framework's list of complaints."""
    if isinstance(value, str):
        return value.strip()
    if _is_list(value) and value:
        first = value[0]
        return _words(first.get("msg")) if _is_object(first) else _words(first)
    return ""


def _kind(status: int, call: Call, said: _Said) -> type[ServiceError]:
    if status in {404, 410}:
        return NotFoundError if _is_about_an_object(call, said) else UnsupportedError
    known: dict[int, type[ServiceError]] = {
        401: UnauthorizedError,
        403: ForbiddenError,
        405: UnsupportedError,
        407: UnreachableError,
        408: ServerFaultError,
        425: ServerFaultError,
        501: UnsupportedError,
        511: NotTheApiError,
    }
    return known.get(status, RefusedError if 400 <= status < 500 else ServerFaultError)


def _is_about_an_object(call: Call, said: _Said) -> bool:
    """Whether a 404 means the object: the API says so in its own error object, and doesn't speak of the URL."""
    if not call.names_object or not said.is_error_object:
        return False
    words = f"{said.code} {said.text}".lower()
    return not any(hint in words for hint in _UNKNOWN_ROUTE)


def _headline(status: int, call: Call, said: _Said) -> str:
    host, what = call.host, call.clean(call.what, 120)
    kind = _kind(status, call, said)
    if kind is NotFoundError:
        return f"{host} has no {what} ({status})"
    if kind is UnsupportedError:
        return f"{host} does not offer {what} ({status}; is the base URL right?)"
    lines: dict[int, str] = {
        401: f"{host} does not accept the key (401)",
        403: f"This key may not use {what} at {host} (403)",
        407: "The proxy wants a login (407): check the proxy variable of your environment",
        511: f"The network in front of {host} wants a login (511)",
    }
    verb = "refused" if kind is RefusedError else "failed"
    return lines.get(status, f"{host} {verb} ({status})")


def _slow_down(call: Call, seconds: float | None, text: str) -> str:
    wait = "" if seconds is None else f", again in {math.ceil(seconds):,} s"
    return f"{call.host} asks to slow down (429{wait}){': ' + text if text else '.'}"


def _redirected(response: httpx2.Response, call: Call) -> NotTheApiError:
    """Redirects are never followed: the body and the key would go to whoever the reply names."""
    try:
        target = urlsplit(response.headers.get("location", "")).netloc.rpartition("@")[2]
    except ValueError:
        target = ""
    where = call.clean(target, 80) or "another path"
    return NotTheApiError(
        f"{call.host} redirects to {where} ({response.status_code}), which is not followed: correct the base URL.",
        effect=call.effect(),
        status=response.status_code,
    )


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
