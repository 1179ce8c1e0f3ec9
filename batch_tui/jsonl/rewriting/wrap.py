"""Turn a file of bare request bodies into a file of request lines; the bodies stay as they are, to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from batch_tui.domain.endpoints import ENDPOINTS, endpoint_for_body
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.rules import ENVELOPE
from batch_tui.domain.text import printable
from batch_tui.jsonl.atomic import new_file, refuse_destination, write_all
from batch_tui.jsonl.checking.explain import BOM, read_object
from batch_tui.jsonl.checking.fast import is_utf8
from batch_tui.jsonl.lines import BlockReader, ProgressHook

ID_PREFIX = "request-"
"""What new ids start with; the number of the request follows."""
_WHITE = frozenset(b" \t\r")
_OPENING, _CLOSING = b"{}"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What was written."""

    requests: int
    """Request lines in the new file."""
    endpoint: str
    """The url they have."""
    path: Path
    """The new file."""
    skipped: int
    """Blank lines that were left out."""


class _Bare(msgspec.Struct, gc=False):
    """A body: none of the envelope's keys may stand in it."""

    custom_id: None = None
    method: None = None
    url: None = None
    body: None = None


_decoder = msgspec.json.Decoder(_Bare)
_body, _bodies = _decoder.decode, _decoder.decode_lines


def wrap_file(
    source: Path,
    destination: Path,
    *,
    endpoint: str | None = None,
    id_prefix: str = ID_PREFIX,
    on_progress: ProgressHook | None = None,
) -> Wrapped:
    """Write a request line for each bare body, ids counting from 1.

    Args:
        source: A file with one body a line.
        destination: The file to make; it must not exist.
        endpoint: The url of the requests; None to tell it from the first body's keys.
        id_prefix: What each custom_id starts with.
        on_progress: Told how far the reading is.

    Raises:
        InputFileError: The file can't be read, a line is no bare body, or the endpoint can't be told.
        OutputFileError: The destination can't be written.
    """
    refuse_destination(destination)
    with BlockReader(source, on_progress=on_progress) as blocks:
        wrapper = _Wrapper(source, endpoint, id_prefix)
        with new_file(destination, is_synced=False) as out:
            while blocks.advance():
                if blocks.cut:
                    raise wrapper.refusal(f"it has {blocks.cut:,} bytes")
                write_all(out, wrapper.wrap_block(blocks.buffer, blocks.end))
            if not wrapper.requests:
                raise InputFileError(f"{printable(source)} holds no body; nothing was written.")
    return Wrapped(wrapper.requests, wrapper.endpoint or "", destination, wrapper.skipped)


class _Wrapper:
    def __init__(self, source: Path, endpoint: str | None, id_prefix: str) -> None:
        self.requests = 0
        self.skipped = 0
        self.endpoint = endpoint
        self._source = source
        self._id = msgspec.json.encode(id_prefix)[:-1].replace(b"%", b"%%")
        self._head = self._head_for(endpoint)

    def wrap_block(self, buffer: bytearray, end: int) -> bytes:
        """The request lines for a block of whole lines at the buffer's start."""
        parts: list[bytes | memoryview] = []
        with memoryview(buffer) as whole, whole[:end] as view:
            start = len(BOM) if not self.requests + self.skipped and buffer.startswith(BOM) else 0
            if not self._head or not self._wrap_together(buffer, view, start, parts):
                parts.clear()
                self._wrap_apart(buffer, view, start, parts)
            block = b"".join(parts)
            # The slices must be gone before the view is: the reader may resize its buffer.
            parts.clear()
        return block

    def _wrap_together(
        self, buffer: bytearray, view: memoryview, start: int, parts: list[bytes | memoryview]
    ) -> bool:
        """Wrap lines of which each is one body beyond doubt; False when there is any doubt.

        The decoder doesn't mind where lines end. But when each begins with ``{`` and ends with ``}``, every
        newline stands between two bodies: within one, no ``}`` is followed by ``{``, and a string holds none.
        """
        end, number, head, find = len(view), self.requests, self._head, buffer.find
        try:
            with view[start:] as lines:
                bodies = len(_bodies(lines)) if is_utf8(lines) else 0
        except (ValueError, RecursionError):
            return False
        while start < end:
            stop = find(b"\n", start, end)
            if stop <= start or buffer[start] != _OPENING or buffer[stop - 1] != _CLOSING:
                return False
            number += 1
            parts += (head % number, view[start:stop], b"}\n")
            start = stop + 1
        if number - self.requests != bodies:
            return False
        self.requests = number
        return True

    def _wrap_apart(
        self, buffer: bytearray, view: memoryview, start: int, parts: list[bytes | memoryview]
    ) -> None:
        """Wrap line by line, without the white space around the bodies."""
        end = len(view)
        while start < end:
            stop = buffer.find(b"\n", start, end)
            stop = end if stop < 0 else stop
            last = stop
            while last > start and buffer[last - 1] in _WHITE:
                last -= 1
            while start < last and buffer[start] in _WHITE:
                start += 1
            if start == last:
                self.skipped += 1
            else:
                self._wrap_line(view[start:last], parts)
            start = stop + 1

    def _wrap_line(self, body: memoryview, parts: list[bytes | memoryview]) -> None:
        try:
            str(body, "utf-8")
            _body(body)
        except (ValueError, RecursionError):
            raise self._refused(bytes(body)) from None
        if not self._head:
            self._choose_endpoint(bytes(body))
        self.requests += 1
        parts += (self._head % self.requests, body, b"}\n")

    def refusal(self, reason: str) -> InputFileError:
        """The error for the line after those that were counted."""
        line = self.requests + self.skipped + 1
        return InputFileError(
            f"Line {line} of {printable(self._source)} can't be wrapped: {reason}. Nothing was written."
        )

    def _refused(self, body: bytes) -> InputFileError:
        decoded = read_object(body)
        if decoded.line is not None and any(key in decoded.line for key in ENVELOPE):
            return self.refusal("it is a request line already, not a bare body")
        hints = [finding.hint or finding.message for finding in decoded.findings]
        return self.refusal(hints[0].rstrip(".") if hints else "it is not JSON")

    def _choose_endpoint(self, body: bytes) -> None:
        keys = frozenset(read_object(body).line or ())
        self.endpoint = endpoint_for_body(keys)
        if self.endpoint is None:
            raise self.refusal(f"its keys don't tell the endpoint; name one, such as {ENDPOINTS[1]}")
        self._head = self._head_for(self.endpoint)

    def _head_for(self, endpoint: str | None) -> bytes:
        """What stands before a body, with a place for the number of its request."""
        if not endpoint:
            return b""
        url = msgspec.json.encode(endpoint).replace(b"%", b"%%")
        return b'{"custom_id":%b%%d","method":"POST","url":%b,"body":' % (self._id, url)
