"""The real client, as tests want it against a server on this machine."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from batch_tui.api.client import OpenAIService
from batch_tui.api.connection import Connection


def plain_client() -> httpx2.AsyncClient:
    """A client without the machine's certificates, which take a tenth of a second to load."""
    return httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False)


@asynccontextmanager
async def wire_service(base_url: str, key: str = "sk-test") -> AsyncIterator[OpenAIService]:
    """The client with the product's own time limits, closed at the end."""
    service = OpenAIService(Connection(base_url, key), http_client=plain_client())
    try:
        yield service
    finally:
        await service.aclose()
