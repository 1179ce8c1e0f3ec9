"""The built-in model: deterministic, without any intelligence, and it says so: its texts begin with ``echo:``.

It says back what it was told, in the name of the model that was asked for, as the service does. A request body may
ask it for more in one field of its own, ``echo``::

    {"model": "…", "messages": […], "echo": {"status": 429, "code": "rate_limit_exceeded", "times": 1}}

========== ============================================================================================
field      what echo does
========== ============================================================================================
delay_s    takes this many seconds (divided by the gateway's speed)
status     answers with this HTTP status and an error body; 0 lands in the output file, as seen in the wild
code       the error's code; without ``status`` there is no response at all, only ``error {code, message}``
message    the error's message
times      fails so only the first N times that this custom_id runs in the account, then succeeds
length     answers with this many words
finish     ``finish_reason`` of the answer (``length``, ``content_filter``…); Responses become incomplete
model      answers in the name of this model, as a service does that names the dated snapshot
lose       true: the request ends in neither file
========== ============================================================================================

Anything else, also an ``echo`` field it can't read, gets the plain answer.
"""

from __future__ import annotations

import asyncio
import hashlib

import msgspec

from batch_tui.domain.endpoints import normal_endpoint
from batch_tui.gateway.account import Account
from batch_tui.gateway.answers import Answer, Answered, Lost, NotRun
from batch_tui.gateway.clock import Clock, Pace
from batch_tui.gateway.echo_shapes import SHAPES, Wanted, missing_parameter
from batch_tui.gateway.feed import Request

_CODES = {
    400: "invalid_request_error",
    429: "rate_limit_exceeded",
    500: "server_error",
    503: "service_unavailable",
}


class Wish(msgspec.Struct, frozen=True):
    """The ``echo`` field of a request body."""

    delay_s: float | None = None
    status: int | None = None
    code: str | None = None
    message: str = "The echo model was asked to fail."
    times: int | None = None
    length: int | None = None
    finish: str | None = None
    model: str | None = None
    lose: bool = False

    @property
    def is_failure(self) -> bool:
        """True when an error was asked for."""
        return self.status is not None or self.code is not None


class _Asking(msgspec.Struct):
    echo: Wish = Wish()


class EchoModel:
    """Answers requests out of themselves.

    Args:
        account: Remembers how often a request has failed on demand.
        clock: Waits.
        pace: Tells how long an answer takes.
    """

    def __init__(self, account: Account, clock: Clock, pace: Pace) -> None:
        self._account = account
        self._clock = clock
        self._pace = pace
        self._noting = asyncio.Lock()

    async def answer(self, request: Request, total: int) -> Answer:
        """Answer after the time it takes; the same request always gets the same answer."""
        wish = read_wish(request.body)
        await self._clock.wait(self._seconds(wish, int(_seed(request)[:2], 16), total))
        if wish.lose:
            return Lost()
        if wish.is_failure and not await self._has_failed_enough(request.custom_id, wish.times):
            return failure(wish)
        return success(request, wish, self._clock.seconds())

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def _seconds(self, wish: Wish, chance: int, total: int) -> float:
        if wish.delay_s is not None:
            return wish.delay_s / self._pace.speed
        return self._pace.answering(total) * (0.5 + chance / 255)

    async def _has_failed_enough(self, custom_id: str, times: int | None) -> bool:
        if times is None:
            return False
        if self._account.attempts[custom_id] >= times:
            return True
        self._account.attempts[custom_id] += 1
        async with self._noting:
            await asyncio.to_thread(self._note, custom_id)
        return False

    def _note(self, custom_id: str) -> None:
        with self._account.layout.attempts.open("a", encoding="utf-8") as log:
            log.write(custom_id.replace("\n", " ") + "\n")


def success(request: Request, wish: Wish, now: int) -> Answered:
    """The plain answer to a request at a time in Unix seconds; a refusal when its body lacks what it needs."""
    endpoint = normal_endpoint(request.url)
    shape = SHAPES.get(endpoint)
    if shape is None:
        return _refusal(404, f"Invalid URL (POST {request.url})", "unknown_url", None)
    body = _object(request.body)
    missing = missing_parameter(endpoint, body)
    if missing is not None:
        message = f"Missing required parameter: '{missing}'."
        return _refusal(400, message, "missing_required_parameter", missing)
    seed = _seed(request)
    try:
        answer = shape(Wanted(body, seed, now, wish.length, wish.finish, wish.model))
    except RecursionError:
        return _refusal(400, "The request is nested too deep.", "invalid_request_error", None)
    return Answered(200, msgspec.json.encode(answer), seed)


def _seed(request: Request) -> str:
    text = request.custom_id.encode("utf-8", "replace") + request.body
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def read_wish(body: bytes) -> Wish:
    """What a body asks of the echo model."""
    try:
        return msgspec.json.decode(body, type=_Asking).echo
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Wish()


def _object(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def failure(wish: Wish) -> Answered | NotRun:
    """The failure that was asked for."""
    if wish.status is None:
        return NotRun(wish.code or "server_error", wish.message)
    return _refusal(wish.status, wish.message, wish.code or _CODES.get(wish.status), None)


def _refusal(status: int, message: str, code: str | None, param: str | None) -> Answered:
    kind = "server_error" if status >= 500 or status == 0 else "invalid_request_error"
    if status == 429:
        kind = "requests"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Answered(status, msgspec.json.encode({"error": error}))
