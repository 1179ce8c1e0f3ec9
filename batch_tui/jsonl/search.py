r"""Search in a file of any size: the first hits come while the rest is read, and it may be stopped at any moment.

A literal is looked for as it stands *and* as JSON writes it: ``é`` is found as UTF-8 and as ``\u00e9``, a quote
with and without its backslash. Lines are split on ``b"\n"`` only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from batch_tui.domain.errors import ConditionError
from batch_tui.domain.text import printable
from batch_tui.jsonl.lines import BlockReader, ProgressHook

_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;!?=@#$%^*()\[\]{}|~`-]*")
"""Characters that every JSON writer leaves as they are."""
_LEAPS = 32
_LONG_LINE = 256
_NEWLINE = ord("\n")


class Hit(msgspec.Struct, frozen=True, gc=False):
    """The first place in one line where the needle was found: a struct, because there may be millions."""

    line: int
    """1-based."""
    start: int
    """Byte offset of the line in its file."""
    column: int
    """1-based, in bytes."""
    length: int
    """Bytes that were found."""


def search_file(
    path: Path,
    needle: str,
    *,
    ignore_case: bool = False,
    regex: bool = False,
    on_progress: ProgressHook | None = None,
) -> Iterator[Hit]:
    r"""Find the lines that contain something, the first place in each, in file order.

    The generator may be closed at any time. Of a line beyond 64 MB only the start is searched.

    Args:
        path: Any file.
        needle: A text to be found, or a regular expression over the line's bytes as they stand in the file.
        ignore_case: True when ``A`` and ``a`` are the same.
        regex: True when the needle is a regular expression.
        on_progress: Told how far the search is.

    Raises:
        ConditionError: The needle is empty, or no regular expression.
        InputFileError: The file can't be read.
    """
    check_needle(needle, ignore_case=ignore_case, regex=regex)
    if regex:
        return _by_line(path, _compiled(needle, ignore_case=ignore_case), on_progress)
    if _PLAIN.fullmatch(needle):
        wanted = (needle.lower() if ignore_case else needle).encode()
        return _by_block(path, wanted, on_progress, in_lower_case=ignore_case)
    pattern = re.compile(literal_pattern(needle, ignore_case=ignore_case))
    return _by_block(path, pattern, on_progress, in_lower_case=ignore_case)


def check_needle(needle: str, *, ignore_case: bool = False, regex: bool = False) -> None:
    """Refuse what can't be looked for, before a file is opened.

    Raises:
        ConditionError: The needle is empty, or no regular expression.
    """
    if not needle:
        raise ConditionError("There is nothing to look for; type a word.")
    if regex:
        _compiled(needle, ignore_case=ignore_case)


def literal_pattern(needle: str, *, ignore_case: bool = False) -> bytes:
    """A pattern for every way in which JSON may write the text.

    Args:
        needle: The text.
        ignore_case: True for a pattern that is to be used on text in lower case.
    """
    return b"".join(_character_pattern(character, ignore_case=ignore_case) for character in needle)


def _character_pattern(character: str, *, ignore_case: bool) -> bytes:
    forms = {character, character.lower(), character.upper()} if ignore_case else {character}
    ways: set[bytes] = set()
    for form in forms:
        short = json.dumps(form, ensure_ascii=False)[1:-1]
        # A raw newline is the one character that never stands in a line.
        for text in {short if form == "\n" else form, short, "\\/" if form == "/" else short}:
            raw = text.encode(errors="surrogatepass")
            ways.add(re.escape(raw.lower() if ignore_case else raw))
        if not _PLAIN.fullmatch(form):
            ways.add(_unicode_escapes(form))
    # Longest first: of a backslash and its escaped form, the whole is what was meant.
    ordered = sorted(ways, key=lambda way: (-len(way), way))
    return ordered[0] if len(ordered) == 1 else b"(?:" + b"|".join(ordered) + b")"


def _unicode_escapes(text: str) -> bytes:
    """A pattern for the escapes of a text, with hexadecimal digits in either case."""
    units = text.encode("utf-16-be", errors="surrogatepass")
    digits = "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
    return re.sub(
        rb"(?<!\\)[a-f]", lambda match: b"[%s%s]" % (match[0], match[0].upper()), re.escape(digits).encode()
    )


def _compiled(needle: str, *, ignore_case: bool) -> re.Pattern[bytes]:
    try:
        return re.compile(needle.encode(errors="surrogatepass"), re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        name = printable(needle, 80)
        raise ConditionError(f"{name} is no regular expression ({error}); look for it as a plain text.") from error


def _by_block(
    path: Path, wanted: bytes | re.Pattern[bytes], on_progress: ProgressHook | None, *, in_lower_case: bool
) -> Iterator[Hit]:
    """Search whole blocks of lines; the needle can't hold a newline, so no hit spans two lines."""
    line, offset = 1, 0
    width = len(wanted) if isinstance(wanted, bytes) else 0
    with BlockReader(path, on_progress=on_progress) as blocks:
        while blocks.advance():
            buffer, end, start = blocks.buffer, blocks.end, 0
            text = _in_lower_case(buffer, end) if in_lower_case else buffer
            while start < end:
                if isinstance(wanted, bytes):
                    first = text.find(wanted, start, end)
                    last = first + width
                else:
                    first, last = _span(wanted.search(text, start, end))
                if first < 0:
                    break
                passed, start = _leap(buffer, start, first)
                line += passed
                yield Hit(line, offset + start, first - start + 1, last - first)
                start = buffer.find(b"\n", last, end) + 1 or end
                line += buffer[start - 1] == _NEWLINE
            line += _leap(buffer, start, end)[0] + bool(blocks.cut)
            offset += blocks.cut or end


def _span(match: re.Match[bytes] | None) -> tuple[int, int]:
    return (-1, -1) if match is None else match.span()


def _by_line(path: Path, pattern: re.Pattern[bytes], on_progress: ProgressHook | None) -> Iterator[Hit]:
    """Search line by line: an expression such as ``[^x]`` would run on into the next line."""
    search = pattern.search
    line, offset = 1, 0
    with BlockReader(path, on_progress=on_progress) as blocks:
        while blocks.advance():
            buffer, end, start = blocks.buffer, blocks.end, 0
            while start < end:
                newline = buffer.find(b"\n", start, end)
                stop = end if newline < 0 else newline
                # Given the place alone, ^ and \b would look at the line before.
                match = search(buffer[start:stop])
                if match is not None:
                    yield Hit(line, offset + start, match.start() + 1, match.end() - match.start())
                start = stop + 1
                line += 1
            offset += blocks.cut or end


def _in_lower_case(buffer: bytearray, end: int) -> bytearray:
    """The block with A to Z in lower case; nothing moves."""
    return buffer.lower() if len(buffer) < 2 * end else buffer[:end].lower()


def _leap(buffer: bytearray, start: int, end: int) -> tuple[int, int]:
    """How many newlines stand in a stretch, and where the line after the last of them begins.

    Among long lines, leaping from one to the next is three times faster than ``count``.
    """
    find, number, at = buffer.find, 0, start
    while (newline := find(b"\n", at, end)) >= 0:
        number += 1
        at = newline + 1
        if number == _LEAPS and at - start < _LEAPS * _LONG_LINE:
            return number + buffer.count(b"\n", at, end), buffer.rfind(b"\n", at - 1, end) + 1
    return number, at
