"""What was done and what happened, with the command line's twin of each action; kept over restarts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from batch_tui.domain.redaction import redact
from batch_tui.domain.text import printable

_LIMIT = 2000
"""Events kept, in memory and (up to twice as many) on disk."""
_TEXT_LIMIT = 500


class Event(Struct, frozen=True):
    """One line of the Events tab."""

    at: float
    """Unix seconds by the local clock."""
    kind: str
    """``submit``, ``cancel``, ``collect``, ``resubmit``, ``status``, ``error``."""
    text: str
    """One sentence, already safe to show."""
    batch_id: str | None = None
    command: str | None = None
    """The command line that does the same, or None."""


class EventLog:
    """The newest events of one profile, appended to a file as they come.

    Writing never blocks the event loop and never fails the action it tells of.

    Args:
        path: The file; None keeps events in memory only.
        clock: Unix seconds.
        secrets: Texts that must never be written, such as the key.
    """

    def __init__(self, path: Path | None, *, clock: Callable[[], float], secrets: Sequence[str] = ()) -> None:
        self._path = path
        self._clock = clock
        self.secrets = tuple(secret for secret in secrets if secret)
        """Texts that are never written, here or in a crash report: every key this run has used."""
        self._events: deque[Event] = deque(maxlen=_LIMIT)
        self._unwritten: deque[Event] = deque()
        self._writing = threading.Lock()
        self._on_disk = 0
        self._pending: asyncio.Future[None] | None = None

    def keep_out(self, secret: str) -> None:
        """Never write this text either."""
        self.secrets += (secret,)

    def record(self, kind: str, text: str, *, batch_id: str | None = None, command: str | None = None) -> None:
        """Note an event."""
        event = Event(
            at=self._clock(),
            kind=kind,
            text=self._clean(text),
            batch_id=batch_id,
            command=None if command is None else self._clean(command),
        )
        self._events.append(event)
        if self._path is not None:
            self._unwritten.append(event)
            self._flush_soon()

    def recent(self, *batch_ids: str) -> tuple[Event, ...]:
        """The events that are known, oldest first; those of some batches alone when ids are given."""
        return tuple(e for e in self._events if not batch_ids or e.batch_id in batch_ids)

    async def load(self) -> None:
        """Read what earlier runs wrote; lines that can't be read are skipped."""
        if self._path is None:
            return
        earlier = await asyncio.to_thread(_read, self._path)
        self._on_disk = len(earlier)
        now = list(self._events)
        known = set(now)  # what was noted in this run may be in the file already
        self._events.clear()
        self._events.extend([*(event for event in earlier if event not in known), *now])

    async def flush(self) -> None:
        """Wait until everything noted so far is on disk, as far as the disk takes it."""
        await asyncio.to_thread(self._write)

    def _clean(self, text: str) -> str:
        return printable(redact(text, self.secrets), _TEXT_LIMIT)

    def _flush_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            return
        if self._pending is None or self._pending.done():
            self._pending = loop.run_in_executor(None, self._write)

    def _write(self) -> None:
        if self._path is None:
            return
        with self._writing:
            lines: list[bytes] = []
            while self._unwritten:
                lines.append(msgspec.json.encode(self._unwritten.popleft()))
            if not lines:
                return
            try:
                _append(self._path, b"\n".join(lines) + b"\n")
                self._on_disk += len(lines)
                if self._on_disk > 2 * _LIMIT:
                    self._on_disk = _shorten(self._path)
            except OSError:
                return  # the journal says when the disk is full; a lost line of history must stop nothing


def _read(path: Path) -> list[Event]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    events: list[Event] = []
    for line in lines:
        try:
            events.append(msgspec.json.decode(line, type=Event))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
    return events


def _append(path: Path, text: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, text)  # one write, so that lines of two instances never mix
    finally:
        os.close(handle)


def _shorten(path: Path) -> int:
    kept = [line for line in path.read_bytes().split(b"\n") if line][-_LIMIT:]
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_bytes(b"\n".join(kept) + b"\n")
    beside.chmod(0o600)
    beside.replace(path)
    return len(kept)
