"""The ASGI application: routes, the key, start and stop."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batch_tui.gateway.account import Account
from batch_tui.gateway.answers import Model
from batch_tui.gateway.batches_api import BatchesApi
from batch_tui.gateway.clock import Clock, Pace
from batch_tui.gateway.echo import EchoModel
from batch_tui.gateway.files_api import FilesApi
from batch_tui.gateway.judge import InputJudge
from batch_tui.gateway.options import GatewayOptions, check_options
from batch_tui.gateway.replies import ERROR_HANDLERS, ApiError, error_reply, reply
from batch_tui.gateway.scheduler import Scheduler
from batch_tui.gateway.uploads_api import UploadsApi
from batch_tui.gateway.validator import CheckFile, check_with_jsonl

_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
MakeModel = Callable[[Account, Clock, Pace], Model]
"""Makes the model that answers; tests bring their own."""


class Gateway:
    """One account behind an ASGI application.

    Args:
        options: What to serve and how.
        clock: Time; tests bring their own.
        check: Who knows the rules of input files.
        model: Who answers requests; None for what the options say.
    """

    def __init__(
        self,
        options: GatewayOptions,
        *,
        clock: Clock | None = None,
        check: CheckFile = check_with_jsonl,
        model: MakeModel | None = None,
    ) -> None:
        check_options(options)
        self._clock = clock or Clock()
        pace = Pace(options.speed, options.concurrency)
        self.account = Account(options.data, self._clock)
        make_model = model or _model_maker(options)
        judge = InputJudge(self.account, options.limits, check)
        self._scheduler = Scheduler(
            self.account, make_model(self.account, self._clock, pace), judge, self._clock, pace
        )
        files = FilesApi(self.account, self._clock)
        batches = BatchesApi(self.account, self._scheduler, self._clock, pace, options.limits)
        uploads = UploadsApi(self.account, self._clock)
        self.app = Starlette(
            routes=[*files.routes(), *uploads.routes(), *batches.routes(), *_models_routes()],
            middleware=[Middleware(_Front, api_key=options.api_key, clock=self._clock)],
            exception_handlers=ERROR_HANDLERS,
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Load the state and run the batches until the block is left."""
        await asyncio.to_thread(self.account.load)
        self._scheduler.start_all()
        try:
            yield
        finally:
            await self._scheduler.aclose()
            await self.account.aclose()

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncGenerator[None]:
        async with self.running():
            yield


def build_app(options: GatewayOptions) -> Starlette:
    """The application for a server: its lifespan runs the batches.

    Raises:
        ConfigurationError: The options can't work.
    """
    return Gateway(options).app


def _model_maker(options: GatewayOptions) -> MakeModel:
    if options.upstream is None:
        return EchoModel
    from batch_tui.gateway.upstream import UpstreamModel  # noqa: PLC0415 - an HTTP client only when it's used

    base_url, key, width = options.upstream, options.upstream_key, options.concurrency
    return lambda _account, clock, _pace: UpstreamModel(base_url, key=key, clock=clock, width=width)


def _models_routes() -> list[Route]:
    model = {"id": "echo", "object": "model", "created": 0, "owned_by": "batch-tui"}

    async def listed(_request: Request) -> Response:
        return reply({"object": "list", "data": [model]})

    async def retrieved(request: Request) -> Response:
        name = str(request.path_params["name"])
        if name != model["id"]:
            raise ApiError(404, f"The model '{name}' does not exist", param="model", code="model_not_found")
        return reply(model)

    return [
        Route("/v1/models", listed, methods=["GET"]),
        Route("/v1/models/{name:path}", retrieved, methods=["GET"]),
    ]


class _Front:
    """What every request passes: the key is checked, every answer gets its date and number.

    Args:
        app: What comes after.
        api_key: The key clients must send; None lets everybody in.
        clock: The server's time.
    """

    def __init__(self, app: ASGIApp, api_key: str | None, clock: Clock) -> None:
        self._app = app
        self._api_key = api_key
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["date"] = formatdate(self._clock.now(), usegmt=True)
                headers["x-request-id"] = "req_" + secrets.token_hex(16)
            await send(message)

        refusal = self._refusal(Headers(scope=scope).get("authorization"))
        await (refusal or self._app)(scope, receive, send_on)

    def _refusal(self, authorization: str | None) -> Response | None:
        if self._api_key is None:
            return None
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return error_reply(ApiError(401, _NO_KEY))
        if hmac.compare_digest(given.strip().encode(), self._api_key.encode()):
            return None
        return error_reply(ApiError(401, "Incorrect API key provided.", code="invalid_api_key"))
