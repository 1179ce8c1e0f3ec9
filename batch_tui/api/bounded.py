"""The HTTP client: the environment's proxies and certificates, no redirects, and no reply without an end.

What the API answers beside a file's content is small. A server that doesn't stop sending, or a little compressed
text that unpacks to gigabytes, would fill the memory long before any time is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
from httpx2 import USE_CLIENT_DEFAULT

if TYPE_CHECKING:
    from httpx2._client import UseClientDefault
    from httpx2._types import AuthTypes

MAX_REPLY = 64_000_000
"""Bytes, unpacked: many times the largest page of batches or files."""
KEEP_ALIVE = 30.0
"""Seconds an idle connection is kept: longer than most polling waits, shorter than most firewalls' patience."""
_PACKING = frozenset({"content-encoding", "transfer-encoding", "content-length"})


class ReplyTooLongError(httpx2.StreamError):
    """A reply that isn't a file's content went on and on."""


class BoundedClient(httpx2.AsyncClient):
    """Reads every reply itself, up to a bound, but those that are wanted as a stream and bring what was wanted."""

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
    ) -> httpx2.Response:
        """Send a request, as ``httpx2.AsyncClient`` does.

        Raises:
            ReplyTooLongError: The reply went on beyond ``MAX_REPLY``.
        """
        reply = await super().send(request, stream=True, auth=auth, follow_redirects=follow_redirects)
        if stream and reply.is_success:
            return reply
        try:
            return await _whole(reply, request)
        finally:
            await reply.aclose()


async def _whole(reply: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
    """The reply with its body read and unpacked."""
    content = bytearray()
    async for chunk in reply.aiter_bytes():
        content += chunk
        if len(content) > MAX_REPLY:
            raise ReplyTooLongError(f"more than {MAX_REPLY:,} bytes")
    return httpx2.Response(
        reply.status_code,
        headers=[(name, value) for name, value in reply.headers.multi_items() if name.lower() not in _PACKING],
        content=bytes(content),
        request=request,
        extensions=reply.extensions,
        history=reply.history,
    )


def http_client() -> BoundedClient:
    """A client for the service.

    Any number of connections: the rate gate bounds everything but cancellations, and these wait for nobody.
    """
    return BoundedClient(
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=KEEP_ALIVE),
    )
