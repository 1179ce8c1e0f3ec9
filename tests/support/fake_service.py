"""A Batch API in memory behind the engine's port: scripted failures, a ledger of calls, no time of its own.

What the tests of the engine and of both front ends talk to::

    service = FakeService(clock=time.clock)
    service.put(a_batch("batch_1"))
    service.fail_next("list_batches", unreachable())          # the next call fails, before any effect
    service.lose_reply("create_batch", server_fault())        # it is carried out, then the reply is lost
    service.go_down(unreachable()); service.come_back()       # every call fails meanwhile
    gate = service.hold("cancel_batch"); gate.set()           # calls wait until the test lets them go
    service.answer_next("list_batches", BatchPage((), has_more=True, last_id=None))
    service.count("create_batch"), service.ledger
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from batch_tui.domain.batch import Batch, BatchPage, NewBatch, RequestCounts, Timestamps
from batch_tui.domain.errors import (
    Effect,
    FileChangedError,
    ForbiddenError,
    InputFileError,
    NotFoundError,
    OutputExistsError,
    OutputFileError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    ServiceError,
    UnauthorizedError,
    UnreachableError,
)
from batch_tui.domain.files import FilePage, FileStart, Progress, RemoteFile
from batch_tui.domain.status import BatchStatus
from batch_tui.engine.ports import OnProgress
from tests.support.batches import NOON

T = TypeVar("T")


def unreachable(*, is_permanent: bool = False) -> UnreachableError:
    return UnreachableError("Cannot reach fake.invalid.", effect=Effect.NONE, is_permanent=is_permanent)


def server_fault(status: int = 500) -> ServerFaultError:
    return ServerFaultError(f"The service answered {status}.", effect=Effect.UNKNOWN, status=status)


def unauthorized() -> UnauthorizedError:
    return UnauthorizedError("The key is not accepted.", effect=Effect.NONE, status=401)


def forbidden() -> ForbiddenError:
    return ForbiddenError("This project has no batch access.", effect=Effect.NONE, status=403)


def rate_limited(retry_after: float | None = None) -> RateLimitedError:
    return RateLimitedError("Too many requests.", retry_after=retry_after)


def not_found(batch_id: str) -> NotFoundError:
    return NotFoundError(f"No batch found with id '{batch_id}'.", effect=Effect.NONE, status=404)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it reached the service."""

    method: str
    argument: str
    """Id, cursor or name it was about; empty when there is none."""
    at: float


Reply = BatchPage | FilePage | Batch | RemoteFile


class FakeService:
    """Implements ``BatchService``; every call is one entry of the ledger, failed ones included."""

    def __init__(self, *batches: Batch, clock: Callable[[], float] | None = None, page_limit: int = 100) -> None:
        self.batches: dict[str, Batch] = {batch.id: batch for batch in batches}
        self.files: dict[str, RemoteFile] = {}
        self.contents: dict[str, bytes] = {}
        self.ledger: list[Call] = []
        self.orders: list[NewBatch] = []
        """What creations asked for, in order, those with a lost reply included."""
        self.looks: list[float] = []
        """When it was looked for; no calls, so not in the ledger."""
        self.is_hidden = False
        """True: looking for it finds nothing, whatever the calls do."""
        self.is_closed = False
        self.running = 0
        self.most_at_once = 0
        self._clock = clock if clock is not None else lambda: float(NOON)
        self._page_limit = page_limit
        self._failures: defaultdict[str, deque[ServiceError | None]] = defaultdict(deque)
        self._lost: defaultdict[str, deque[ServiceError]] = defaultdict(deque)
        self._answers: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._holds: dict[str, asyncio.Event] = {}
        self._down: ServiceError | None = None
        self._next_id = 0

    # What a test says

    def put(self, *batches: Batch) -> None:
        """Add or replace batches on the server."""
        for batch in batches:
            self.batches[batch.id] = batch

    def remove(self, batch_id: str) -> None:
        """Somebody else made it vanish."""
        del self.batches[batch_id]

    def finish(
        self,
        batch_id: str,
        status: BatchStatus = BatchStatus.COMPLETED,
        *,
        output: bytes | None = None,
        errors: bytes | None = None,
    ) -> Batch:
        """End a batch, with its files."""
        now = int(self._clock())
        batch = self.batches[batch_id]
        times = batch.times
        match status:
            case BatchStatus.COMPLETED:
                times = replace(times, completed=now)
            case BatchStatus.EXPIRED:
                times = replace(times, expired=now)
            case BatchStatus.CANCELLED:
                times = replace(times, cancelled=now)
            case _:
                times = replace(times, failed=now)
        ended = replace(
            batch,
            status=status,
            raw_status=status.value,
            times=times,
            counts=_counted(batch.counts, output, errors),
            output_file_id=None if output is None else self.add_file(output, name=f"{batch_id}_output.jsonl").id,
            error_file_id=None if errors is None else self.add_file(errors, name=f"{batch_id}_error.jsonl").id,
        )
        self.put(ended)
        return ended

    def add_file(self, content: bytes, *, name: str = "file.jsonl", purpose: str = "batch_output") -> RemoteFile:
        """Put a file into the service's storage."""
        self._next_id += 1
        file = RemoteFile(
            id=f"file-{self._next_id:04d}",
            filename=name,
            bytes=len(content),
            purpose=purpose,
            created_at=int(self._clock()),
            status="processed",
        )
        self.files[file.id] = file
        self.contents[file.id] = content
        return file

    def fail_next(self, method: str, *errors: ServiceError | None) -> None:
        """The next calls fail before they have any effect, one per error; None lets one through."""
        self._failures[method].extend(errors)

    def lose_reply(self, method: str, *errors: ServiceError) -> None:
        """The next calls are carried out and then fail."""
        self._lost[method].extend(errors)

    def answer_next(self, method: str, *replies: Reply) -> None:
        """The next calls get these replies, whatever the server holds."""
        self._answers[method].extend(replies)

    def hold(self, method: str) -> asyncio.Event:
        """Calls of this method wait until the event is set."""
        self._holds[method] = asyncio.Event()
        return self._holds[method]

    def go_down(self, error: ServiceError) -> None:
        """Every call fails with this error until ``come_back``."""
        self._down = error

    def come_back(self) -> None:
        """End an outage."""
        self._down = None

    def count(self, method: str) -> int:
        """How often a method was called."""
        return sum(call.method == method for call in self.ledger)

    def arguments(self, method: str) -> list[str]:
        """What the calls of one method were about, in order."""
        return [call.argument for call in self.ledger if call.method == method]

    # What the engine calls

    @property
    def host(self) -> str:
        return "fake.invalid"

    async def is_reachable(self) -> bool:
        self.looks.append(self._clock())
        return self._down is None and not self.is_hidden

    async def list_batches(self, *, after: str | None = None, limit: int = 100) -> BatchPage:
        await self._enter("list_batches", after or "")
        scripted = self._scripted("list_batches")
        if isinstance(scripted, BatchPage):
            return scripted
        ordered = sorted(self.batches.values(), key=lambda b: (-(b.times.created or 0), b.id))
        page, has_more = _slice(ordered, [b.id for b in ordered], after, min(limit, self._page_limit))
        self._leave("list_batches")
        return BatchPage(tuple(page), has_more, page[-1].id if page else None, server_time=int(self._clock()))

    async def retrieve_batch(self, batch_id: str) -> Batch:
        await self._enter("retrieve_batch", batch_id)
        scripted = self._scripted("retrieve_batch")
        if isinstance(scripted, Batch):
            return scripted
        self._leave("retrieve_batch")
        return self._batch(batch_id)

    async def create_batch(self, order: NewBatch) -> Batch:
        await self._enter("create_batch", order.input_file_id)
        self.orders.append(order)
        self._next_id += 1
        now = int(self._clock())
        batch = Batch(
            id=f"batch_{self._next_id:04d}",
            status=BatchStatus.VALIDATING,
            raw_status="validating",
            endpoint=order.endpoint,
            input_file_id=order.input_file_id,
            completion_window=order.completion_window,
            counts=RequestCounts(),
            times=Timestamps(created=now, expires=now + 86_400),
            metadata=dict(order.metadata),
        )
        self.put(batch)
        self._leave("create_batch")
        scripted = self._scripted("create_batch")
        return scripted if isinstance(scripted, Batch) else batch

    async def cancel_batch(self, batch_id: str) -> Batch:
        await self._enter("cancel_batch", batch_id)
        batch = self._batch(batch_id)
        if batch.status in {BatchStatus.COMPLETED, BatchStatus.FAILED, BatchStatus.EXPIRED}:
            message = f"Cannot cancel a batch with status '{batch.status}'."
            raise RefusedError(message, effect=Effect.NONE, status=409)
        if batch.status is not BatchStatus.CANCELLED:
            times = replace(batch.times, cancelling=int(self._clock()))
            self.put(replace(batch, status=BatchStatus.CANCELLING, raw_status="cancelling", times=times))
        self._leave("cancel_batch")
        scripted = self._scripted("cancel_batch")
        return scripted if isinstance(scripted, Batch) else self.batches[batch_id]

    async def list_files(
        self,
        *,
        purpose: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        await self._enter("list_files", after or "")
        scripted = self._scripted("list_files")
        if isinstance(scripted, FilePage):
            return scripted
        ordered = [file for file in reversed(self.files.values()) if purpose in {None, file.purpose}]
        page, has_more = _slice(ordered, [file.id for file in ordered], after, limit)
        self._leave("list_files")
        return FilePage(tuple(page), has_more, page[-1].id if page else None)

    async def retrieve_file(self, file_id: str) -> RemoteFile:
        await self._enter("retrieve_file", file_id)
        self._leave("retrieve_file")
        return self._file(file_id)

    async def upload_file(
        self,
        path: Path,
        *,
        name: str,
        sha256: str | None = None,
        expires_after: int | None = None,
        on_progress: OnProgress | None = None,
    ) -> RemoteFile:
        await self._enter("upload_file", name)
        content = _read(path)
        if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
            raise FileChangedError(f"{path.name} changed after it was checked; nothing was created.")
        file = self.add_file(content, name=name, purpose="batch")
        if expires_after is not None:
            file = replace(file, expires_at=int(self._clock()) + expires_after)
            self.files[file.id] = file
        if on_progress is not None:
            on_progress(Progress(len(content), len(content)))
        self._leave("upload_file")
        return file

    async def download_file(
        self,
        file: RemoteFile,
        destination: Path,
        *,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Path:
        await self._enter("download_file", file.id)
        content = self.contents[self._file(file.id).id]
        _write(destination, content, overwrite=overwrite)
        if on_progress is not None:
            on_progress(Progress(len(content), len(content)))
        self._leave("download_file")
        return destination

    async def read_start(self, file_id: str, *, lines: int, most_bytes: int) -> FileStart:
        await self._enter("read_start", file_id)
        content = self.contents[self._file(file_id).id]
        kept = b"".join(content[:most_bytes].splitlines(keepends=True)[:lines])
        if kept != content:
            kept = kept[: kept.rfind(b"\n") + 1]
        self._leave("read_start")
        return FileStart(kept, is_whole=kept == content)

    async def delete_file(self, file_id: str) -> None:
        await self._enter("delete_file", file_id)
        self.files.pop(file_id, None)
        self.contents.pop(file_id, None)
        self._leave("delete_file")

    async def aclose(self) -> None:
        self.is_closed = True

    # How the script is followed

    async def _enter(self, method: str, argument: str) -> None:
        self.ledger.append(Call(method, argument, self._clock()))
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await asyncio.sleep(0)
            if method in self._holds:
                await self._holds[method].wait()
        finally:
            self.running -= 1
        if self._down is not None:
            raise self._down
        failure = self._failures[method].popleft() if self._failures[method] else None
        if failure is not None:
            raise failure

    def _leave(self, method: str) -> None:
        if self._lost[method]:
            raise self._lost[method].popleft()

    def _scripted(self, method: str) -> Reply | None:
        return self._answers[method].popleft() if self._answers[method] else None

    def _batch(self, batch_id: str) -> Batch:
        if batch_id not in self.batches:
            raise not_found(batch_id)
        return self.batches[batch_id]

    def _file(self, file_id: str) -> RemoteFile:
        if file_id not in self.files:
            raise NotFoundError(f"No such File object: {file_id}", effect=Effect.NONE, status=404)
        return self.files[file_id]


def _counted(counts: RequestCounts, output: bytes | None, errors: bytes | None) -> RequestCounts:
    """The counts that belong to the files; as they were when no file is given."""
    if output is None and errors is None:
        return counts
    completed, failed = (output or b"").count(b"\n"), (errors or b"").count(b"\n")
    return RequestCounts(max(counts.total, completed + failed), completed, failed)


def _slice(ordered: list[T], ids: list[str], after: str | None, limit: int) -> tuple[list[T], bool]:
    start = ids.index(after) + 1 if after in ids else 0
    return ordered[start : start + limit], start + limit < len(ordered)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputFileError(f"Cannot read {path.name}: {error.strerror}.") from error


def _write(destination: Path, content: bytes, *, overwrite: bool) -> None:
    if destination.is_symlink() or (destination.exists() and not overwrite):
        if destination.is_symlink():
            raise OutputFileError(f"{destination.name} is a symbolic link.")
        raise OutputExistsError(f"{destination.name} exists already.")
    destination.write_bytes(content)
