"""``/v1/batches``."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from batch_tui.domain.endpoints import ENDPOINTS
from batch_tui.domain.limits import Limits
from batch_tui.gateway.account import Account
from batch_tui.gateway.clock import Clock, Pace
from batch_tui.gateway.parameters import (
    json_body,
    life_of,
    metadata_of,
    one_of,
    page_of,
    required_text,
)
from batch_tui.gateway.records import BatchObject, FileObject, StoredBatch, new_id
from batch_tui.gateway.replies import ApiError, no_such_batch, reply
from batch_tui.gateway.resource import Resource
from batch_tui.gateway.scheduler import Scheduler


class BatchesApi(Resource):
    """The routes of batches.

    Args:
        account: Where they are kept.
        scheduler: Runs them.
        clock: Time.
        pace: Tells the completion window.
        limits: What the service accepts.
    """

    def __init__(self, account: Account, scheduler: Scheduler, clock: Clock, pace: Pace, limits: Limits) -> None:
        super().__init__(account, clock)
        self._scheduler = scheduler
        self._pace = pace
        self._limits = limits

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/v1/batches", self.create, methods=["POST"]),
            Route("/v1/batches", self.list, methods=["GET"]),
            Route("/v1/batches/{batch_id}", self.retrieve, methods=["GET"]),
            Route("/v1/batches/{batch_id}/cancel", self.cancel, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Take a batch; whether its input is any good turns out later."""
        body = await json_body(request)
        source = self._input_file(required_text(body, "input_file_id"))
        endpoint = one_of("endpoint", required_text(body, "endpoint"), ENDPOINTS)
        window = one_of("completion_window", required_text(body, "completion_window"), ("24h",))
        metadata = metadata_of(body, self._limits)
        life = life_of("output_expires_after", body.get("output_expires_after"))
        self._check_rate()
        now = self._clock.seconds()
        batch = BatchObject(
            id=new_id("batch_"),
            endpoint=endpoint,
            input_file_id=source.id,
            created_at=now,
            expires_at=int(self._clock.now() + self._pace.window()),
            completion_window=window,
            metadata=metadata,
        )
        await self._account.put_batch(StoredBatch(self._account.next_sequence(), batch, life))
        self._scheduler.start(batch.id)
        return reply(batch)

    async def list(self, request: Request) -> Response:
        """List batches, newest first."""
        batches = [stored.batch for stored in reversed(list(self._account.batches.values()))]
        return page_of(request, batches, lambda batch: batch.id, default=20, largest=100)

    async def retrieve(self, request: Request) -> Response:
        """One batch."""
        return reply(self._found(request))

    async def cancel(self, request: Request) -> Response:
        """Begin to cancel a batch: requests in flight still finish."""
        batch = self._found(request)
        if batch.status in {"completed", "failed", "expired"}:
            raise ApiError(409, f"Cannot cancel a batch with status '{batch.status}'.")
        if batch.status not in {"cancelling", "cancelled"}:
            batch = replace(batch, status="cancelling", cancelling_at=self._clock.seconds())
            self._scheduler.stop(batch.id)
            await self._account.save_batch(batch)
        return reply(batch)

    def _found(self, request: Request) -> BatchObject:
        batch_id = str(request.path_params["batch_id"])
        stored = self._account.batches.get(batch_id)
        if stored is None:
            raise no_such_batch(batch_id)
        return stored.batch

    def _input_file(self, file_id: str) -> FileObject:
        file = self._account.file(file_id)
        if file is None:
            message = f"Cannot find file {file_id}, or this organization does not have access to it."
            raise ApiError(400, message, param="input_file_id")
        if file.purpose != "batch":
            message = f"File {file_id} has purpose '{file.purpose}'; the Batch API needs purpose 'batch'."
            raise ApiError(400, message, param="input_file_id")
        return file

    def _check_rate(self) -> None:
        since = self._clock.now() - 3_600
        newest = reversed(list(self._account.batches.values()))
        recent = 0
        for stored in newest:
            if stored.batch.created_at <= since:
                break
            recent += 1
        if recent >= self._limits.creations_per_hour:
            message = f"Rate limit reached for batch creation: {self._limits.creations_per_hour} batches an hour."
            raise ApiError(429, message, code="rate_limit_exceeded")
