"""Files kept by the service."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file in the service's storage."""

    id: str
    filename: str = ""
    """As the service holds it: any text at all, never to be used as a path unclean."""
    bytes: int | None = None
    """Size in bytes, or None when the server doesn't say."""
    purpose: str = ""
    """``batch`` for inputs, ``batch_output`` for outputs and error files."""
    created_at: int | None = None
    """Unix seconds."""
    expires_at: int | None = None
    """Unix seconds, or None when it's kept."""
    status: str = ""
    raw: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FilePage:
    """One page of the list of files."""

    files: tuple[RemoteFile, ...]
    has_more: bool
    last_id: str | None


@dataclass(frozen=True, slots=True)
class FileStart:
    """The first lines of a file's content."""

    content: bytes
    """Whole lines, each with its newline; only the last line of the file may lack one."""
    is_whole: bool
    """True when the file holds nothing more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer or a scan is."""

    done: int
    """Bytes so far."""
    total: int | None
    """Bytes in all, or None when nobody knows."""

    @property
    def fraction(self) -> float | None:
        """0.0 to 1.0, or None without a total."""
        return min(1.0, self.done / self.total) if self.total else None
