"""What the check says about the file as a whole, and about lines by comparing them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import msgspec

from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Code, Cure, Severity
from batch_tui.domain.rules import Finding
from batch_tui.domain.text import printable
from batch_tui.jsonl.checking.explain import BOM, NOT_JSON
from batch_tui.jsonl.checking.ids import MAX_IDS
from batch_tui.jsonl.lines import BlockReader

BOM_FINDING = Finding(
    Code.INVALID_JSON_LINE,
    NOT_JSON,
    "Column 1: the file starts with a byte order mark. Strip it.",
    cure=Cure.STRIP_BOM,
    column=1,
)
BLANK_FINDING = Finding(
    Code.INVALID_JSON_LINE,
    NOT_JSON,
    "The line is blank. Drop it.",
    cure=Cure.DROP_BLANK_LINES,
)
UTF16_FINDING = Finding(
    Code.INVALID_JSON_LINE,
    "The file is UTF-16, and the service reads UTF-8 only.",
    "Convert it: iconv -f UTF-16 -t UTF-8.",
    column=1,
)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the whole file shows."""

    size: int
    """Bytes."""
    requests: int
    """Lines that aren't blank."""
    first_line_over: int
    """1-based line of the first request beyond the limit, if there are that many."""
    is_id_memory_full: bool
    """True when later ids were not compared any more."""


def file_findings(facts: FileFacts, limits: Limits) -> Iterator[tuple[int, Finding]]:
    """What is wrong with the file as a whole, each with its line (0 for none)."""
    if facts.requests == 0:
        yield 1, Finding(Code.EMPTY_FILE, "The file holds no request.", "Add at least one line.")
    if facts.requests > limits.max_requests:
        yield (
            facts.first_line_over,
            Finding(
                Code.TOO_MANY_REQUESTS,
                f"The file has {facts.requests:,} requests; a batch takes at most {limits.max_requests:,}.",
                "Split the file.",
            ),
        )
    if facts.size > limits.max_bytes:
        yield (
            0,
            Finding(
                Code.FILE_TOO_LARGE,
                f"The file has {facts.size:,} bytes; a batch takes at most {limits.max_bytes:,}.",
                "Split the file.",
            ),
        )
    if facts.is_id_memory_full:
        yield (
            0,
            Finding(
                Code.DUPLICATE_CUSTOM_ID,
                f"Repeated custom_ids were not looked for beyond the first {MAX_IDS:,}.",
                "Split the file, then check the parts.",
                Severity.WARNING,
                "custom_id",
            ),
        )


def repeated_id(custom_id: str, first: int, column: int) -> Finding:
    """The finding for an id that an earlier line has."""
    return Finding(
        Code.DUPLICATE_CUSTOM_ID,
        f"The custom_id '{printable(custom_id, 80)}' repeats line {first}'s; it must be unique in the file.",
        f"Give this line or line {first} another id.",
        param="custom_id",
        column=column,
    )


def too_many_inputs(limit: int) -> Finding:
    """The finding for the line with which the embedding inputs are too many."""
    return Finding(
        Code.TOO_MANY_REQUESTS,
        f"With this line the file has more than {limit:,} embedding inputs, the most a batch takes.",
        "Split the file.",
        param="body.input",
    )


def large_line(length: int) -> Finding:
    """The finding for a line that no model is likely to read."""
    return Finding(
        Code.INVALID_REQUEST,
        f"This line has {length:,} bytes, more than a model reads.",
        "Shorten the request, or pass files by their id.",
        Severity.WARNING,
    )


_NO_BODY = msgspec.Raw(b"")


class _BodyText(msgspec.Struct):
    body: msgspec.Raw = _NO_BODY


_body_text = msgspec.json.Decoder(_BodyText)


def body_length(line: bytes) -> int:
    """Bytes of a line's body; of the whole line when it has none."""
    try:
        length = len(bytes(_body_text.decode(line).body))
    except (ValueError, RecursionError):
        return len(line)
    return length or len(line.strip())


def lines_repeated_to_the_byte(path: Path, repeats: Sequence[tuple[int, int]], *, max_line: int) -> frozenset[int]:
    """Which lines are byte for byte the earlier line with their id.

    Args:
        path: The file; it's read a second time, which only files with repeated ids need.
        repeats: Pairs of the later and the earlier 1-based line.
        max_line: Bytes of a line that are kept in memory; a longer line is none of these.
    """
    wanted = frozenset(line for pair in repeats for line in pair)
    last = max(wanted, default=0)
    digests: dict[int, bytes] = {}
    with BlockReader(path, max_line=max_line) as blocks:
        number = 0
        while number < last and blocks.advance():
            lines = [b""] if blocks.cut else bytes(blocks.buffer[: blocks.end]).removesuffix(b"\n").split(b"\n")
            for number, line in enumerate(lines, start=number + 1):  # noqa: B020 - goes on from block to block
                if number in wanted:
                    text = line.removeprefix(BOM) if number == 1 else line
                    digests[number] = blake2b(text.rstrip(b"\r"), digest_size=16).digest()
    return frozenset(later for later, first in repeats if digests.get(later, b"") == digests.get(first))
