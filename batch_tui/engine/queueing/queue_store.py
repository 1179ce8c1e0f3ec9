"""The queue on disk: one small file per entry, whole or absent; and the limits that refusals taught."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from batch_tui.domain.errors import OutputFileError, StateError
from batch_tui.domain.queueing import QueueEntry, TokenLimit
from batch_tui.domain.text import printable
from batch_tui.engine.configuration.paths import make_private
from batch_tui.engine.submitting.journal import finish
from batch_tui.jsonl.atomic import new_file, write_all

_MAX_MODELS = 1_000


class QueueStore:
    """The entries of one profile; several processes may share the directory.

    Args:
        folder: Where the files are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def entries(self) -> tuple[QueueEntry, ...]:
        """What is on disk now, oldest first; a file that can't be read is passed over."""
        return await asyncio.to_thread(self._read_all)

    async def save(self, entry: QueueEntry) -> None:
        """Make an entry durable: when this returns it survives a crash of the machine.

        Raises:
            StateError: It can't be written.
        """
        try:
            await finish(asyncio.to_thread(self._write, entry))
        except (OSError, OutputFileError) as error:
            raise StateError(f"The queue can't be written: {error}") from error

    async def remove(self, entry_id: str) -> None:
        """Forget an entry."""
        await asyncio.to_thread(self._path(entry_id).unlink, missing_ok=True)

    def _path(self, entry_id: str) -> Path:
        return self._folder / f"{entry_id}.json"

    def _read_all(self) -> tuple[QueueEntry, ...]:
        entries: list[QueueEntry] = []
        for path in self._folder.glob("*.json"):
            # A file that vanishes is one that another process has done with; a broken one loses itself only.
            with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
                entry = msgspec.json.decode(path.read_bytes(), type=QueueEntry)
                entries.append(replace(entry, path=os.fsdecode(bytes.fromhex(entry.path))))
        return tuple(sorted(entries, key=lambda entry: (entry.created_at, entry.id)))

    def _write(self, entry: QueueEntry) -> None:
        make_private(self._folder)
        # A path may be any bytes, and JSON can't hold them.
        portable = replace(entry, path=os.fsencode(entry.path).hex(), metadata=dict(entry.metadata))
        with new_file(self._path(entry.id), overwrite=True) as handle:
            write_all(handle, msgspec.json.encode(portable))


class LimitMemory:
    """How many tokens may be queued per model, as refusals have told; kept over restarts.

    Args:
        path: The file.
        fixed: The profile's own limit for every model, which wins; None without one.
    """

    def __init__(self, path: Path, fixed: int | None = None) -> None:
        self._path = path
        self._fixed = fixed
        self._limits: dict[str, int] | None = None

    async def limits(self) -> Mapping[str, int]:
        """Tokens by model."""
        if self._limits is None:
            self._limits = await asyncio.to_thread(self._read)
        return self._limits

    async def for_model(self, model: str) -> int | None:
        """Tokens that may be queued for a model; None when nobody knows."""
        return self._fixed if self._fixed is not None else (await self.limits()).get(model)

    async def for_models(self, models: frozenset[str]) -> dict[str, int]:
        """Tokens by model, for those whose limit is known."""
        known = {model: await self.for_model(model) for model in models}
        return {model: limit for model, limit in known.items() if limit is not None}

    async def learn(self, limit: TokenLimit) -> None:
        """Remember what a refusal told; not being able to write it down costs only another refusal."""
        limits = dict(await self.limits())
        if limits.get(limit.model) == limit.tokens or not limit.model or len(limits) >= _MAX_MODELS:
            return
        self._limits = {**limits, limit.model: limit.tokens}
        with contextlib.suppress(OSError, OutputFileError):
            await asyncio.to_thread(self._write, self._limits)

    def _read(self) -> dict[str, int]:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        return {}

    def _write(self, limits: Mapping[str, int]) -> None:
        make_private(self._path.parent)
        with new_file(self._path, overwrite=True) as handle:
            write_all(handle, msgspec.json.encode(dict(limits)))


def waiting_line(entry: QueueEntry) -> str:
    """One sentence on how an entry stands."""
    name = printable(entry.name or Path(entry.path).name)
    why = f": {entry.reason}" if entry.reason else ""
    return f"{name} is {entry.stage}{why}"
