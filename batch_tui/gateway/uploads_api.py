"""``/v1/uploads``: a file in parts, put together at the end."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from batch_tui.gateway import disk
from batch_tui.gateway.account import Account
from batch_tui.gateway.clock import Clock
from batch_tui.gateway.files_api import MAX_UPLOAD, described
from batch_tui.gateway.form import FormReader
from batch_tui.gateway.parameters import json_body, life_of, missing, required, required_text, whole_number
from batch_tui.gateway.records import FileObject, StoredUpload, UploadObject, new_id
from batch_tui.gateway.replies import ApiError, reply
from batch_tui.gateway.resource import Resource
from batch_tui.gateway.shapes import as_list

MAX_PART = 64 * 1024 * 1024
"""Bytes of one part (uploads reference)."""
_LIFE = 3_600
_BLOCK = 1024 * 1024


class UploadsApi(Resource):
    """The routes of uploads in parts.

    Args:
        account: Where they are kept.
        clock: Time.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        super().__init__(account, clock)
        self._completing: set[str] = set()

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/v1/uploads", self.create, methods=["POST"]),
            Route("/v1/uploads/{upload_id}/parts", self.add_part, methods=["POST"]),
            Route("/v1/uploads/{upload_id}/complete", self.complete, methods=["POST"]),
            Route("/v1/uploads/{upload_id}/cancel", self.cancel, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Announce a file."""
        body = await json_body(request)
        size = whole_number("bytes", required(body, "bytes"), 0, MAX_UPLOAD)
        life = life_of("expires_after", body.get("expires_after"))
        filename, purpose = required_text(body, "filename"), required_text(body, "purpose")
        now = self._clock.seconds()
        described(filename, size, purpose, now, life)  # refuses what the finished file would be refused for
        mime = required_text(body, "mime_type")
        upload = UploadObject(new_id("upload_"), size, now, now + _LIFE, filename, purpose, mime)
        await self._account.put_upload(StoredUpload(upload, expires_after=life))
        return reply(upload)

    async def add_part(self, request: Request) -> Response:
        """Receive a part; parts may come in any order and at the same time."""
        upload_id = self._pending(request).upload.id
        async with FormReader(self._account.layout.incoming, "data", MAX_PART) as reader:
            form = await reader.read(request)
            if form.path is None:
                raise missing("data")
            part_id = new_id("part_")
            part = self._account.layout.uploads / part_id
            await asyncio.to_thread(form.path.replace, part)
        try:
            stored = self._pending(request)
        except ApiError:  # it ended while the part was being sent
            await asyncio.to_thread(disk.remove, part)
            raise
        await self._account.put_upload(replace(stored, parts=(*stored.parts, part_id)))
        now = self._clock.seconds()
        return reply({"id": part_id, "object": "upload.part", "created_at": now, "upload_id": upload_id})

    async def complete(self, request: Request) -> Response:
        """Put the parts together in the order asked for."""
        body = await json_body(request)
        stored = self._pending(request)
        order = [str(part) for part in as_list(body.get("part_ids")) or ()]
        if not order or len(set(order)) < len(order) or not set(order) <= set(stored.parts):
            raise ApiError(400, "The part_ids are not of this upload.", param="part_ids", code="invalid_value")
        whole = self._account.layout.incoming / new_id("body-")
        with self._claimed(stored.upload.id):
            try:
                file = await self._whole(stored, order, whole, body.get("md5"))
            finally:
                await asyncio.to_thread(disk.remove, whole)
            return await self._end(replace(stored.upload, status="completed", file=file), stored)

    async def cancel(self, request: Request) -> Response:
        """Give an upload up."""
        stored = self._pending(request)
        return await self._end(replace(stored.upload, status="cancelled"), stored)

    @contextmanager
    def _claimed(self, upload_id: str) -> Generator[None]:
        """Let nobody else touch an upload while its file is being made: a request sent twice makes one file."""
        self._completing.add(upload_id)
        try:
            yield
        finally:
            self._completing.discard(upload_id)

    async def _whole(self, stored: StoredUpload, order: Sequence[str], whole: Path, md5: object) -> FileObject:
        upload = stored.upload
        parts = [self._account.layout.uploads / part for part in order]
        size, digest = await asyncio.to_thread(_join, parts, whole)
        if size != upload.bytes:
            raise ApiError(400, f"The parts have {size} bytes; the upload was announced with {upload.bytes}.")
        if isinstance(md5, str) and md5 and md5 != digest:
            raise ApiError(400, "The md5 checksum does not match the parts.", param="md5")
        file = described(upload.filename, size, upload.purpose, self._clock.seconds(), stored.expires_after)
        return await self._account.adopt_file(file, whole)

    async def _end(self, upload: UploadObject, stored: StoredUpload) -> Response:
        await self._account.put_upload(StoredUpload(upload))
        for part in stored.parts:
            await asyncio.to_thread(disk.remove, self._account.layout.uploads / part)
        return reply(upload)

    def _pending(self, request: Request) -> StoredUpload:
        upload_id = str(request.path_params["upload_id"])
        stored = self._account.upload(upload_id)
        if stored is None:
            raise ApiError(404, f"No such Upload object: {upload_id}", param="upload_id")
        status = stored.upload.status
        if status == "pending" and stored.upload.expires_at <= self._clock.now():
            status = "expired"
        if status == "pending" and upload_id in self._completing:
            status = "being completed"
        if status != "pending":
            raise ApiError(400, f"The upload is {status}.", param="upload_id")
        return stored


def _join(parts: Sequence[Path], whole: Path) -> tuple[int, str]:
    """Copy the parts after each other; gives the bytes and their MD5, which the API's checksum is."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    with whole.open("wb") as sink:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    size += sink.write(block)
    return size, digest.hexdigest()
