"""Mends that need no question: each writes a new file beside the old one and leaves the rest to the byte."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import msgspec

from batch_tui.domain.endpoints import endpoint_for_body
from batch_tui.domain.problems import Cure
from batch_tui.domain.rules import BODY_KEYS, ENVELOPE
from batch_tui.jsonl.atomic import new_file, refuse_destination, write_all
from batch_tui.jsonl.checking.explain import BOM, is_blank
from batch_tui.jsonl.lines import LineReader, ProgressHook
from batch_tui.jsonl.rewriting.wrap import ID_PREFIX, Wrapped, wrap_file

__all__ = ["Wrapped", "cure_file", "wrap_file"]

_Keys = dict[str, msgspec.Raw]
_keys = msgspec.json.Decoder(_Keys)
_DIGEST = 16
_FLUSH_BYTES = 256 * 1024
_REWRITING = frozenset({Cure.WRAP, Cure.UNWRAP_PARAMS, Cure.ADD_CUSTOM_IDS})


def cure_file(
    source: Path,
    destination: Path,
    cures: frozenset[Cure],
    *,
    on_progress: ProgressHook | None = None,
) -> int:
    """Write the file anew with these mends made; all other lines are copied to the byte.

    Args:
        source: The file.
        destination: The file to make; it must not exist.
        cures: The mends to make.
        on_progress: Told how far the reading is.

    Returns:
        How many lines were changed or left out.

    Raises:
        InputFileError: The source can't be read.
        OutputFileError: The destination can't be written.
    """
    refuse_destination(destination)
    taken = _ids(source) if cures & {Cure.ADD_CUSTOM_IDS, Cure.WRAP} else set[str]()
    mender = _Mender(cures, taken)
    with LineReader(source, on_progress=on_progress) as lines, new_file(destination, is_synced=False) as out:
        waiting, size = list[bytes](), 0
        for number, line in enumerate(lines, start=1):
            mended = mender.mend(number, line)
            if mended is None:
                continue
            waiting.append(mended)
            size += len(mended)
            if size >= _FLUSH_BYTES:
                write_all(out, b"".join(waiting))
                waiting, size = [], 0
        if waiting:
            write_all(out, b"".join(waiting))
    return mender.changed


class _Mender:
    """Mends one line after the other.

    Args:
        cures: The mends to make.
        taken: Ids in the file already; a new one must not repeat them.
    """

    def __init__(self, cures: frozenset[Cure], taken: set[str]) -> None:
        self._cures = cures
        self._taken = taken
        self._seen: set[bytes] = set()
        self.changed = 0

    def mend(self, number: int, line: bytes) -> bytes | None:
        """The mended line with its newline, or None when it's left out."""
        mended = line
        if number == 1 and Cure.STRIP_BOM in self._cures:
            mended = mended.removeprefix(BOM)
        if (Cure.DROP_BLANK_LINES in self._cures and is_blank(mended)) or self._repeats(mended):
            self.changed += 1
            return None
        if self._cures & _REWRITING:
            mended = self._rewritten(number, mended)
        self.changed += mended is not line and mended != line
        return mended

    def _repeats(self, line: bytes) -> bool:
        if Cure.DROP_DUPLICATES not in self._cures or is_blank(line):
            return False
        digest = blake2b(line.rstrip(b"\r\n"), digest_size=_DIGEST).digest()
        if digest in self._seen:
            return True
        self._seen.add(digest)
        return False

    def _rewritten(self, number: int, line: bytes) -> bytes:
        """The line with its envelope mended; unchanged when it isn't an object or needs no mending."""
        try:
            keys = _keys.decode(line)
        except (ValueError, RecursionError):
            return line
        mended = keys
        if Cure.WRAP in self._cures and not BODY_KEYS.isdisjoint(keys) and keys.keys().isdisjoint(ENVELOPE):
            mended = self._wrapped(number, keys, msgspec.Raw(line.strip()))
        if Cure.UNWRAP_PARAMS in self._cures and "params" in keys and "body" not in keys:
            mended = self._unwrapped(keys)
        if Cure.ADD_CUSTOM_IDS in self._cures and not keys.keys().isdisjoint(ENVELOPE):
            mended = self._identified(number, mended)
        if mended is keys:
            return line
        end = line[len(line.rstrip(b"\r\n")) :]
        return msgspec.json.encode(mended) + end

    def _wrapped(self, number: int, keys: _Keys, body: msgspec.Raw) -> _Keys:
        endpoint = endpoint_for_body(frozenset(keys))
        if endpoint is None:
            return keys
        return _envelope(_raw(self._new_id(number)), endpoint, body)

    def _unwrapped(self, keys: _Keys) -> _Keys:
        try:
            params = _keys.decode(keys["params"])
        except (ValueError, RecursionError):
            return keys
        endpoint = endpoint_for_body(frozenset(params))
        if endpoint is None:
            return keys
        return _envelope(keys.get("custom_id", msgspec.Raw(b"null")), endpoint, keys["params"])

    def _identified(self, number: int, keys: _Keys) -> _Keys:
        value = bytes(keys.get("custom_id", msgspec.Raw(b"null")))
        if value.startswith(b'"') and value != b'""':
            return keys
        is_number = value[:1].isdigit() or value[:1] == b"-"
        custom_id = self._free(value.decode()) if is_number else self._new_id(number)
        rest = {key: raw for key, raw in keys.items() if key != "custom_id"}
        return {"custom_id": _raw(custom_id), **rest}

    def _new_id(self, number: int) -> str:
        return self._free(f"{ID_PREFIX}{number}")

    def _free(self, custom_id: str) -> str:
        """The id, or with a letter behind it when the file has it already."""
        while custom_id in self._taken:
            custom_id += "x"
        self._taken.add(custom_id)
        return custom_id


class _Id(msgspec.Struct):
    custom_id: str = ""


def _ids(source: Path) -> set[str]:
    """Every custom_id that is in the file."""
    decode, ids = msgspec.json.Decoder(_Id).decode, set[str]()
    with LineReader(source) as lines:
        for line in lines:
            try:
                ids.add(decode(line).custom_id)
            except (ValueError, RecursionError):
                continue
    return ids


def _envelope(custom_id: msgspec.Raw, endpoint: str, body: msgspec.Raw) -> _Keys:
    return {"custom_id": custom_id, "method": _raw("POST"), "url": _raw(endpoint), "body": body}


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))
