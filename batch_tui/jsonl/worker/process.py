"""The program's side of the worker process: start it when it's first needed, talk to it, replace it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import msgspec

from batch_tui.domain.errors import (
    BatchTuiError,
    ConfigurationError,
    FileChangedError,
    InputFileError,
    OutputExistsError,
    OutputFileError,
)
from batch_tui.domain.files import Progress
from batch_tui.domain.text import printable
from batch_tui.jsonl.lines import ProgressHook

COMMAND = (sys.executable, "-I", "-m", "batch_tui.jsonl.worker.main")
"""How the worker is started."""
_MAX_LINE = 64 * 1024 * 1024
_END_SECONDS = 0.2
_ERRORS: dict[str, type[BatchTuiError]] = {
    kind.__name__: kind
    for kind in (
        BatchTuiError,
        ConfigurationError,
        FileChangedError,
        InputFileError,
        OutputExistsError,
        OutputFileError,
    )
}


class WorkerDiedError(BatchTuiError):
    """The worker process ended in the middle of a call: killed, or a bug."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back from a call."""

    value: msgspec.Raw
    """JSON, to be decoded by who knows its type."""
    columns: tuple[bytes, ...]
    """The raw bytes that came beside it."""


class _Message(msgspec.Struct):
    progress: tuple[int, int | None] | None = None
    items: list[msgspec.Raw] = []
    value: msgspec.Raw = msgspec.Raw(b"")
    columns: list[int] = []
    error: str = ""
    message: str = ""


class WorkerProcess:
    """One worker process, started lazily, replaced after it died or was stopped; one call at a time.

    Args:
        command: How it's started.
    """

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._process: _Process | None = None
        self._endings: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Of the running process, or None when there is none."""
        return None if self._process is None else self._process.streams.pid

    async def call(
        self,
        name: str,
        call: msgspec.Struct,
        *,
        on_progress: ProgressHook | None = None,
    ) -> Answered:
        """Have a procedure carried out; cancelling ends it at once, with the process.

        Raises:
            BatchTuiError: What the procedure raised, or ``WorkerDiedError``.
        """
        async with contextlib.aclosing(self._exchange(name, call, on_progress)) as messages:
            async for message in messages:
                if isinstance(message, Answered):
                    return message
        raise AssertionError(name)

    async def stream(
        self,
        name: str,
        call: msgspec.Struct,
        *,
        on_progress: ProgressHook | None = None,
    ) -> AsyncGenerator[msgspec.Raw, None]:
        """Give a procedure's items as they are found; closing the generator ends the search at once.

        Raises:
            BatchTuiError: What the procedure raised, or ``WorkerDiedError``.
        """
        async with contextlib.aclosing(self._exchange(name, call, on_progress)) as messages:
            async for message in messages:
                if not isinstance(message, Answered):
                    yield message

    async def aclose(self) -> None:
        """End the process, whatever it is doing; when this returns no process is left, and no pipe to one."""
        await self._end()

    async def _exchange(
        self,
        name: str,
        call: msgspec.Struct,
        on_progress: ProgressHook | None,
    ) -> AsyncGenerator[msgspec.Raw | Answered, None]:
        async with self._turn:
            is_done = False
            try:
                process = await self._running()
                await _send(process, name, call)
                while not is_done:
                    message = await _receive(process)
                    if message.progress is not None and on_progress is not None:
                        on_progress(Progress(*message.progress))
                    for item in message.items:
                        yield item
                    if message.error:
                        is_done = True
                        raise _ERRORS.get(message.error, BatchTuiError)(message.message)
                    if bytes(message.value):
                        answered = await _with_columns(process, message)
                        is_done = True
                        yield answered
            finally:
                # Whatever ended this early, a cancelled task above all: nothing goes on unasked.
                if not is_done:
                    await self._end()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.streams.returncode is not None:
            await self._end()
        if self._process is None:
            self._process = await _Process.started(self._command)
        return self._process.streams

    async def _end(self) -> None:
        """End the process, and wait for all that are ending: a second cancellation stops the waiting alone."""
        process, self._process = self._process, None
        if process is not None:
            ending = asyncio.create_task(process.end(), name="worker-end")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
        if self._endings:
            await asyncio.wait(self._endings)


@dataclass(frozen=True, slots=True)
class _Process:
    """A process, and what must be closed with it: what is left to the collector complains of a closed loop."""

    streams: asyncio.subprocess.Process
    transport: asyncio.SubprocessTransport

    @classmethod
    async def started(cls, command: Sequence[str]) -> _Process:
        loop, pipe = asyncio.get_running_loop(), asyncio.subprocess.PIPE
        transport, protocol = await loop.subprocess_exec(
            lambda: asyncio.subprocess.SubprocessStreamProtocol(limit=_MAX_LINE, loop=loop),
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )
        return cls(asyncio.subprocess.Process(transport, protocol, loop), transport)

    async def end(self) -> None:
        """Ask it to leave, which removes half-written files; insist when it doesn't at once."""
        try:
            with contextlib.suppress(ProcessLookupError):
                self.streams.terminate()
                try:
                    async with asyncio.timeout(_END_SECONDS):
                        await self.streams.wait()
                except TimeoutError:
                    self.streams.kill()
            await self.streams.wait()
        finally:
            self.transport.close()
        await asyncio.sleep(0)  # the pipes are closed in the loop's next turn


async def _send(process: asyncio.subprocess.Process, name: str, call: msgspec.Struct) -> None:
    if process.stdin is None:
        raise AssertionError(name)
    process.stdin.write(msgspec.json.encode({"name": name, "call": call}) + b"\n")
    # A worker that died idle is noticed when the answer is read: that has its traceback.
    with contextlib.suppress(ConnectionError):
        await process.stdin.drain()


async def _receive(process: asyncio.subprocess.Process) -> _Message:
    if process.stdout is None or process.stderr is None:
        raise AssertionError(process)
    line = await process.stdout.readline()
    if line.endswith(b"\n"):
        return msgspec.json.decode(line, type=_Message)
    words = (await process.stderr.read()).decode(errors="replace").strip().rsplit("\n", 1)[-1]
    code = await process.wait()
    reason = printable(words, 200) or f"exit status {code}"
    raise WorkerDiedError(f"The worker process ended unexpectedly ({reason}); try again.")


async def _with_columns(process: asyncio.subprocess.Process, message: _Message) -> Answered:
    if process.stdout is None:
        raise AssertionError(process)
    try:
        return Answered(message.value, tuple([await process.stdout.readexactly(n) for n in message.columns]))
    except asyncio.IncompleteReadError:
        raise WorkerDiedError("The worker process ended in the middle of its answer; try again.") from None
