"""Answers from any OpenAI-compatible synchronous endpoint: bounded, patient, never raising."""

from __future__ import annotations

import asyncio
import email.utils

import httpx2
import msgspec

from batch_tui.domain.endpoints import normal_endpoint
from batch_tui.gateway.answers import Answer, Answered, NotRun
from batch_tui.gateway.clock import Clock
from batch_tui.gateway.feed import Request

_TRIES = 6
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT = 60.0
_TIMEOUT = httpx2.Timeout(600.0, connect=10.0)


class UpstreamModel:
    """Sends each request to the upstream and gives its answer as it is.

    Busy and broken answers (429, 5xx, cut connections) are asked for again with growing pauses; a
    Retry-After of any length holds back all requests, not only the one that was told.

    Args:
        base_url: Where the endpoints stand, with or without ``/v1``.
        key: Sent as bearer token; None sends none.
        clock: Waits.
        width: Requests in flight at once, over all batches.
        client: The HTTP client; tests bring their own.
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None,
        clock: Clock,
        width: int,
        client: httpx2.AsyncClient | None = None,
    ) -> None:
        self._base = base_url.rstrip("/").removesuffix("/v1")
        self._headers = {"content-type": "application/json"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._clock = clock
        self._places = asyncio.Semaphore(width)
        self._client = client or httpx2.AsyncClient(timeout=_TIMEOUT, limits=httpx2.Limits(max_connections=width))
        self._open_at = 0.0

    async def answer(self, request: Request, total: int) -> Answer:  # noqa: ARG002 - the upstream sets the pace
        """Answer one request by asking the upstream, several times if it must be."""
        async with self._places:
            answer: Answer = NotRun("request_timeout", "The upstream was never asked.")
            for attempt in range(_TRIES):
                await self._clock.wait(self._open_at - self._clock.now())
                answer, wait = await self._ask(request, attempt)
                if wait is None:
                    return answer
                if attempt + 1 < _TRIES:
                    await self._clock.wait(wait)
            return answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, request: Request, attempt: int) -> tuple[Answer, float | None]:
        """Ask once; also gives the seconds to wait before asking again, or None when the answer stands."""
        pause = min(_LONGEST_WAIT, 2.0**attempt)
        url = self._base + normal_endpoint(request.url)
        try:
            response = await self._client.post(url, content=request.body, headers=self._headers)
        except httpx2.TimeoutException:
            return NotRun("request_timeout", "The upstream did not answer in time."), pause
        except httpx2.HTTPError as error:
            return NotRun("upstream_unreachable", f"The upstream can't be reached: {error}"), pause
        answer = Answered(response.status_code, _json(response.content), response.headers.get("x-request-id", ""))
        if response.status_code not in _AGAIN:
            return answer, None
        told = _retry_after(response.headers.get("retry-after"), self._clock.now())
        if told is None:
            return answer, pause
        self._open_at = max(self._open_at, self._clock.now() + told)
        return answer, 0.0


def _json(content: bytes) -> bytes:
    """The content when it's JSON, else its text as a JSON string."""
    try:
        msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.json.encode(content.decode("utf-8", "replace"))
    return content


def _retry_after(value: str | None, now: float) -> float | None:
    """Seconds a Retry-After asks for, given as a number or as a date; None when it says nothing usable."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None
