"""``/v1/files``."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from batch_tui.gateway.content import content_response
from batch_tui.gateway.form import Form, FormReader
from batch_tui.gateway.parameters import life_of, missing, number_in, one_of, page_of
from batch_tui.gateway.records import FileObject, new_id
from batch_tui.gateway.replies import ApiError, no_such_file, reply
from batch_tui.gateway.resource import Resource

MAX_UPLOAD = 512 * 1024 * 1024
"""Bytes of one uploaded file (files reference); the batch's own limit is checked when a batch is validated."""
BATCH_LIFE = 30 * 86_400
"""Seconds an input file is kept when nothing else is asked for."""
PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")


class FilesApi(Resource):
    """The routes of files."""

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/v1/files", self.create, methods=["POST"]),
            Route("/v1/files", self.list, methods=["GET"]),
            Route("/v1/files/{file_id}", self.retrieve, methods=["GET"]),
            Route("/v1/files/{file_id}", self.delete, methods=["DELETE"]),
            Route("/v1/files/{file_id}/content", self.content, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Receive a file."""
        async with FormReader(self._account.layout.incoming, "file", MAX_UPLOAD) as reader:
            form = await reader.read(request)
            file = self._described(form)
            if form.path is None:
                raise missing("file")
            return reply(await self._account.adopt_file(file, form.path))

    async def list(self, request: Request) -> Response:
        """List files, newest first unless asked otherwise."""
        order = one_of("order", request.query_params.get("order", "desc"), ("asc", "desc"))
        purpose = request.query_params.get("purpose")
        files = [
            stored.file
            for stored in self._account.files.values()
            if purpose is None or stored.file.purpose == purpose
        ]
        if order == "desc":
            files.reverse()
        return page_of(request, files, lambda file: file.id, default=10_000, largest=10_000)

    async def retrieve(self, request: Request) -> Response:
        """One file's facts."""
        return reply(self._found(request))

    async def delete(self, request: Request) -> Response:
        """Delete a file."""
        file = self._found(request)
        await self._account.drop_file(file.id)
        return reply({"id": file.id, "object": "file", "deleted": True})

    async def content(self, request: Request) -> Response:
        """A file's content or a part of it."""
        file = self._found(request)
        path = self._account.content(file.id)
        if not await asyncio.to_thread(path.exists):
            raise no_such_file(file.id)
        return content_response(file, path, request.headers)

    def _found(self, request: Request) -> FileObject:
        file_id = str(request.path_params["file_id"])
        file = self._account.file(file_id)
        if file is None:
            raise no_such_file(file_id)
        return file

    def _described(self, form: Form) -> FileObject:
        if form.filename is None:
            raise missing("file")
        life = life_of("expires_after", _policy(form))
        return described(form.filename, form.size, form.fields.get("purpose"), self._clock.seconds(), life)


def _policy(form: Form) -> dict[str, object] | None:
    """The expiry policy that a form spells as ``expires_after[anchor]`` and ``expires_after[seconds]``."""
    told: dict[str, object] = {}
    for name in ("anchor", "seconds"):
        text = form.fields.get(f"expires_after[{name}]")
        if text is not None:
            told[name] = number_in(text)
    return told or None


def described(filename: str, size: int, purpose: str | None, now: int, life: int | None) -> FileObject:
    """The object of a new file; refuses what the service refuses at the surface."""
    if not purpose:
        raise missing("purpose")
    one_of("purpose", purpose, PURPOSES)
    if purpose == "batch":
        life = BATCH_LIFE if life is None else life
        if not filename.lower().endswith(".jsonl"):
            raise ApiError(400, "Invalid file format for Batch API. Must be .jsonl", param="file")
    until = None if life is None else now + life
    return FileObject(new_id("file-"), size, now, filename, purpose, expires_at=until)
