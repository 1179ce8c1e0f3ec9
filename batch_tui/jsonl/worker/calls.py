"""What the program asks of the worker, as it goes over the pipe. Paths go as bytes: a name may be no Unicode."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Cure


def path_bytes(path: Path) -> bytes:
    """A path for the pipe."""
    return os.fsencode(path)


def bytes_path(raw: bytes) -> Path:
    """A path from the pipe."""
    return Path(os.fsdecode(raw))


class CheckCall(msgspec.Struct):
    """Asks for ``check_file``."""

    path: bytes
    limits: Limits
    endpoint: str | None
    wants_digest: bool


class DemandCall(msgspec.Struct):
    """Asks for ``read_demand``."""

    path: bytes
    is_exact: bool | None


class IndexCall(msgspec.Struct):
    """Asks for ``LineIndex.build``."""

    path: bytes


class WrapCall(msgspec.Struct):
    """Asks for ``wrap_file``."""

    source: bytes
    destination: bytes
    endpoint: str | None
    id_prefix: str


class CureCall(msgspec.Struct):
    """Asks for ``cure_file``."""

    source: bytes
    destination: bytes
    cures: frozenset[Cure]


class SplitCall(msgspec.Struct):
    """Asks for ``split_file``."""

    source: bytes
    directory: bytes
    max_requests: int
    max_bytes: int
    max_tokens: int | None


class WrapAnswer(msgspec.Struct):
    """``Wrapped`` without its path, which the caller knows."""

    requests: int
    endpoint: str
    skipped: int


class PartAnswer(msgspec.Struct):
    """A ``Part``."""

    path: bytes
    requests: int
    size: int
