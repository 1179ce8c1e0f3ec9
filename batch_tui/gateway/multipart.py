"""Multipart bodies, parsed as they stream: pure, push in bytes, get events; holds a boundary's length at most.

Follows RFC 7578 as browsers, curl and httpx write it. File content passes through in the pieces in which
it came and is never collected here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote

_MAX_HEADERS = 16 * 1024
_DISPOSITION = re.compile(r';\s*([a-zA-Z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))', re.IGNORECASE)


class MultipartError(Exception):
    """The body isn't multipart as its header says; ``str()`` is one sentence."""


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part's headers have been read."""

    name: str
    filename: str | None
    """None for a plain field."""


@dataclass(frozen=True, slots=True)
class PartData:
    """Some of the part's content, never empty."""

    chunk: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is complete."""


Event = PartBegin | PartData | PartEnd


class _State(Enum):
    PREAMBLE = auto()
    AFTER_BOUNDARY = auto()
    HEADERS = auto()
    CONTENT = auto()
    END = auto()


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names.

    Raises:
        MultipartError: It isn't multipart/form-data or names none.
    """
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        raise MultipartError("The body must be multipart/form-data with a boundary.")
    return (found.group(1) or found.group(2)).encode("latin-1")


class MultipartParser:
    """Turns a body, chunk by chunk, into events.

    Args:
        boundary: As the Content-Type header names it.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        # With a line break in front, the first boundary looks like all the others.
        self._held = b"\r\n"
        self._state = _State.PREAMBLE

    @property
    def held(self) -> int:
        """Bytes kept back because a boundary may have begun in them."""
        return len(self._held)

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Events that became certain with this chunk.

        Raises:
            MultipartError: The body is broken.
        """
        self._held += chunk
        while True:
            before = (self._state, len(self._held))
            match self._state:
                case _State.PREAMBLE:
                    self._preamble()
                case _State.AFTER_BOUNDARY:
                    self._after_boundary()
                case _State.HEADERS:
                    yield from self._headers()
                case _State.CONTENT:
                    yield from self._content()
                case _State.END:
                    self._held = b""
            if before == (self._state, len(self._held)):
                return

    def close(self) -> None:
        """Say that the body is over.

        Raises:
            MultipartError: It broke off before the last boundary.
        """
        if self._state is not _State.END:
            raise MultipartError("The multipart body broke off before its last boundary.")

    def _preamble(self) -> None:
        place = self._held.find(self._delimiter)
        if place < 0:
            self._held = self._held[-(len(self._delimiter) - 1) :]
            return
        self._held = self._held[place + len(self._delimiter) :]
        self._state = _State.AFTER_BOUNDARY

    def _after_boundary(self) -> None:
        if self._held.startswith(b"--"):
            self._held, self._state = b"", _State.END
            return
        padded = self._held.lstrip(b" \t")
        if len(padded) < 2 and padded in (b"", b"-", b"\r") and len(self._held) < _MAX_HEADERS:
            return
        if not padded.startswith(b"\r\n"):
            raise MultipartError("A multipart boundary is followed by something else than a line break.")
        # The line break stays: a part without headers then ends them like any other.
        self._held, self._state = padded, _State.HEADERS

    def _headers(self) -> Iterator[Event]:
        place = self._held.find(b"\r\n\r\n")
        if place > _MAX_HEADERS or (place < 0 and len(self._held) > _MAX_HEADERS):
            raise MultipartError("The headers of a multipart part are too long.")
        if place < 0:
            return
        block, self._held = self._held[:place], self._held[place + 4 :]
        self._state = _State.CONTENT
        yield _begin(block)

    def _content(self) -> Iterator[Event]:
        place = self._held.find(self._delimiter)
        if place >= 0:
            content, self._held = self._held[:place], self._held[place + len(self._delimiter) :]
            self._state = _State.AFTER_BOUNDARY
            if content:
                yield PartData(content)
            yield PartEnd()
            return
        sure = len(self._held) - (len(self._delimiter) - 1)
        if sure > 0:
            content, self._held = self._held[:sure], self._held[sure:]
            yield PartData(content)


def _begin(block: bytes) -> PartBegin:
    """Read what matters of a part's headers: how the field and the file are called."""
    for line in block.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() != "content-disposition":
            continue
        values = {name.lower(): _plain(quoted or token) for name, quoted, token in _DISPOSITION.findall(value)}
        extended = values.get("filename*")
        filename = unquote(extended.split("'", 2)[-1]) if extended else values.get("filename")
        return PartBegin(values.get("name", ""), filename)
    raise MultipartError("A multipart part has no Content-Disposition.")


def _plain(value: str) -> str:
    """Undo both ways of quoting in use: backslashes, and percent signs for three characters (HTML5)."""
    value = re.sub(r"\\(.)", r"\1", value)
    return value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
