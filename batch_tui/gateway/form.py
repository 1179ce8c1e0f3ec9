"""A multipart upload, received to disk at flat memory."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiofiles
from aiofiles.threadpool.binary import AsyncBufferedIOBase
from starlette.requests import Request

from batch_tui.gateway import disk
from batch_tui.gateway.multipart import (
    MultipartError,
    MultipartParser,
    PartBegin,
    PartData,
    PartEnd,
    boundary_of,
)
from batch_tui.gateway.records import new_id
from batch_tui.gateway.replies import ApiError

_BLOCK = 1024 * 1024
_MAX_FIELD = 64 * 1024
_MAX_FIELDS = 100


@dataclass(slots=True)
class Form:
    """What a multipart body held."""

    fields: dict[str, str] = field(default_factory=dict[str, str])
    filename: str | None = None
    """Name the client gave the file; None when it sent none."""
    size: int = 0
    """Bytes of the file."""
    path: Path | None = None
    """Where the file's content stands until it's adopted or dropped."""


class FormReader:
    """Receives one form; used as ``async with``: what wasn't adopted from ``incoming`` is deleted at the end.

    Args:
        incoming: Directory for the file's content.
        file_field: The one field that may hold a file.
        max_bytes: Largest file.
    """

    def __init__(self, incoming: Path, file_field: str, max_bytes: int) -> None:
        self._path = incoming / new_id("body-")
        self._file_field = file_field
        self._max_bytes = max_bytes
        self._form = Form()
        self._name: str | None = None
        self._value = bytearray()
        self._is_file = False
        self._sink: AsyncBufferedIOBase | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()
        if self._form.path is not None:
            await asyncio.to_thread(disk.remove, self._path)

    async def read(self, request: Request) -> Form:
        """Receive the body.

        Raises:
            ApiError: It's no form, broken, or too large.
        """
        try:
            parser = MultipartParser(boundary_of(request.headers.get("content-type", "")))
            async for chunk in request.stream():
                for event in parser.feed(chunk):
                    await self._take(event)
            parser.close()
        except MultipartError as error:
            raise ApiError(400, str(error)) from error
        return self._form

    async def _take(self, event: PartBegin | PartData | PartEnd) -> None:
        match event:
            case PartBegin(name, filename):
                await self._begin(name, filename)
            case PartData(chunk):
                self._value += chunk
                await self._make_room()
            case PartEnd():
                await self._end()

    async def _begin(self, name: str, filename: str | None) -> None:
        self._name, self._is_file = name, filename is not None
        if len(self._form.fields) >= _MAX_FIELDS:
            raise ApiError(400, "The form has too many fields.")
        if filename is None:
            return
        if name != self._file_field or self._form.path is not None:
            raise ApiError(400, f"Unexpected file in field '{name}'.", param=name)
        self._form.filename, self._form.path = filename, self._path
        self._sink = await self._stack.enter_async_context(aiofiles.open(self._path, "wb"))

    async def _make_room(self) -> None:
        if self._sink is None or not self._is_file:
            if len(self._value) > _MAX_FIELD:
                raise ApiError(400, f"The field '{self._name}' is too long.", param=self._name)
        elif len(self._value) >= _BLOCK:
            await self._write(self._sink)

    async def _write(self, sink: AsyncBufferedIOBase) -> None:
        self._form.size += len(self._value)
        if self._form.size > self._max_bytes:
            raise ApiError(400, "File is too large.", param="file")
        await sink.write(self._value)
        self._value = bytearray()

    async def _end(self) -> None:
        if self._is_file and self._sink is not None:
            await self._write(self._sink)
            await self._stack.aclose()
            self._sink = None
        elif self._name is not None:
            self._form.fields[self._name] = self._value.decode("utf-8", "replace")
        self._value = bytearray()
