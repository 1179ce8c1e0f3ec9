"""How one request came out, and the line that tells it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Protocol

import msgspec

from batch_tui.gateway.feed import Request
from batch_tui.gateway.records import InputDetails, OutputDetails, UsageObject

EXPIRED = "batch_expired"
CANCELLED = "batch_cancelled"
UNRUN_CODES = frozenset({EXPIRED, CANCELLED})
"""Codes of requests that never ran: they count as neither completed nor failed."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The model, or the way to it, gave an HTTP answer."""

    status: int
    """HTTP status; 0 when the service lost it on the way."""
    body: bytes
    """JSON text."""
    request_id: str = ""

    @property
    def is_success(self) -> bool:
        """True when the request succeeded."""
        return 200 <= self.status < 300

    @property
    def goes_to_output(self) -> bool:
        """True when the line belongs in the output file: successes, and the lost ones seen there in the wild."""
        return self.is_success or self.status == 0


@dataclass(frozen=True, slots=True)
class NotRun:
    """There is no HTTP answer at all."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The request ends in neither file."""


Answer = Answered | NotRun | Lost


class Model(Protocol):
    """Who answers requests."""

    async def answer(self, request: Request, total: int) -> Answer:
        """Answer one request of a batch of ``total``; never raises for anything a request holds."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


def result_line(custom_id: str, answer: Answered | NotRun, number: str | None = None) -> bytes:
    """The line of the output or error file, with its newline; without ``number`` it gets one of its own."""
    response: dict[str, object] | None = None
    error: dict[str, str] | None = None
    match answer:
        case Answered(status, body, request_id):
            rid = request_id or number or secrets.token_hex(16)
            response = {"status_code": status, "request_id": rid, "body": msgspec.Raw(body)}
        case NotRun(code, message):
            error = {"code": code, "message": message}
    line_id = "batch_req_" + (number or secrets.token_hex(12))
    return (
        msgspec.json.encode({"id": line_id, "custom_id": custom_id, "response": response, "error": error}) + b"\n"
    )


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    input_tokens: int | None = None
    completion_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Body(msgspec.Struct):
    usage: _Usage | None = None


def usage_of(body: bytes) -> UsageObject:
    """The tokens an answer tells, under either of the API's two sets of names; zeros when it tells none."""
    try:
        usage = msgspec.json.decode(body, type=_Body).usage or _Usage()
    except msgspec.MsgspecError:
        return UsageObject()
    sent = usage.prompt_tokens or usage.input_tokens or 0
    given = usage.completion_tokens or usage.output_tokens or 0
    sent_details = usage.prompt_tokens_details or usage.input_tokens_details or _Details()
    given_details = usage.completion_tokens_details or usage.output_tokens_details or _Details()
    return UsageObject(
        sent,
        InputDetails(sent_details.cached_tokens or 0),
        given,
        OutputDetails(given_details.reasoning_tokens or 0),
        usage.total_tokens or sent + given,
    )
