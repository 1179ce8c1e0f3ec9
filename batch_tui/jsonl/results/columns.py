"""What a join knows about each request, in plain arrays: 90 bytes a row instead of a kilobyte of objects.

Rows stand in input order. Words that repeat (codes, models, finish reasons) are kept once, in tables, and the
columns hold their places. The whole is one block of bytes on its way from the worker to the screen.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Self

import msgspec.msgpack

from batch_tui.domain.lines import Outcome, Span
from batch_tui.domain.retry import can_pass_again

OUTCOMES = (Outcome.MISSING, Outcome.NOT_RUN, Outcome.FAILED, Outcome.SUCCEEDED)
"""Outcomes by their number in the column: of two lines for one request, the higher one counts."""
RANK = {outcome: rank for rank, outcome in enumerate(OUTCOMES)}
"""The number of each outcome."""
MISSING, SUCCEEDED = RANK[Outcome.MISSING], RANK[Outcome.SUCCEEDED]
HAS_USAGE = 1
"""Flag: the answer tells its tokens."""
REPEATS_ID = 2
"""Flag: an earlier input line has the same custom_id, and this row shows the same answer."""
NO_ID = 4
"""Flag: the input line has no usable custom_id, so nothing can be matched to it."""
TOKEN_COLUMNS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "total_tokens")
"""The token columns, in the order of :data:`results_wire.TokenCounts`."""
MAX_REASONS = 4_096
"""Distinct reasons kept apart; beyond them failures group by status and code alone."""
NO_ID_CODE = "missing_required_parameter"
"""Code of the rows whose input line has no usable custom_id."""
_SIZE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Reason:
    """Why requests came out as they did; those that share it are one cause."""

    outcome: Outcome
    status: int | None = None
    code: str = ""
    message: str = ""
    """Without its numbers and ids."""

    @property
    def can_pass(self) -> bool:
        """True when the same request may succeed when it's sent again."""
        if self.outcome is Outcome.MISSING and self.code:
            return False
        return can_pass_again(self.outcome, self.status, self.code)


REASON_MISSING, REASON_SUCCEEDED = 0, 1


def _bytes() -> array[int]:
    return array("B")


def _words() -> array[int]:
    return array("I")


def _longs() -> array[int]:
    return array("Q")


@dataclass(slots=True)
class Columns:
    """The rows of a join; the zero of every column means "nothing known"."""

    outcomes: array[int] = field(default_factory=_bytes)
    """Places in :data:`OUTCOMES`."""
    flags: array[int] = field(default_factory=_bytes)
    """:data:`HAS_USAGE`, :data:`REPEATS_ID`, :data:`NO_ID`."""
    statuses: array[int] = field(default_factory=_words)
    """Places in ``status_table``."""
    reasons: array[int] = field(default_factory=_words)
    """Places in ``reason_table``."""
    finishes: array[int] = field(default_factory=_words)
    """Places in ``words``."""
    models: array[int] = field(default_factory=_words)
    """Places in ``words``."""
    tiers: array[int] = field(default_factory=_words)
    """Places in ``words``."""
    input_tokens: array[int] = field(default_factory=_words)
    cached_tokens: array[int] = field(default_factory=_words)
    output_tokens: array[int] = field(default_factory=_words)
    reasoning_tokens: array[int] = field(default_factory=_words)
    total_tokens: array[int] = field(default_factory=_words)
    files: array[int] = field(default_factory=_words)
    """1 + which result file holds the answer; 0 without one."""
    result_starts: array[int] = field(default_factory=_longs)
    result_lengths: array[int] = field(default_factory=_longs)
    request_starts: array[int] = field(default_factory=_longs)
    """Empty when the join had no input."""
    request_lengths: array[int] = field(default_factory=_longs)
    """Empty when the join had no input."""
    id_ends: array[int] = field(default_factory=_longs)
    """Where each row's custom_id ends in ``ids``."""
    ids: bytearray = field(default_factory=bytearray)
    """All custom_ids in a row, UTF-8 (lone surrogates pass)."""
    status_table: list[int | None] = field(default_factory=lambda: [None])
    reason_table: list[Reason] = field(
        default_factory=lambda: [Reason(Outcome.MISSING), Reason(Outcome.SUCCEEDED)],
    )
    words: list[str] = field(default_factory=lambda: [""])

    def __len__(self) -> int:
        return len(self.id_ends)

    def add_id(self, custom_id: str) -> None:
        """Add a row's custom_id; the other columns follow with :meth:`fit`."""
        self.ids += custom_id.encode(errors="surrogatepass")
        self.id_ends.append(len(self.ids))

    def set_ids(self, custom_ids: Sequence[str]) -> None:
        """Set all custom_ids at once."""
        text = "".join(custom_ids)
        self.ids = bytearray(text.encode(errors="surrogatepass"))
        lengths: Iterable[int] = map(len, custom_ids)
        if not text.isascii():
            lengths = (len(custom_id.encode(errors="surrogatepass")) for custom_id in custom_ids)
        self.id_ends = array("Q", accumulate(lengths))

    def fit(self, rows: int) -> None:
        """Make every answer column ``rows`` long: zeros at the end, or cut."""
        for column in self.answer_columns():
            missing = rows - len(column)
            if missing < 0:
                del column[rows:]
            else:
                column.frombytes(bytes(missing * column.itemsize))

    def answer_columns(self) -> tuple[array[int], ...]:
        """The columns an answer fills, all of one length."""
        return (
            self.outcomes,
            self.flags,
            self.statuses,
            self.reasons,
            self.finishes,
            self.models,
            self.tiers,
            *self.token_columns(),
            self.files,
            self.result_starts,
            self.result_lengths,
        )

    def token_columns(self) -> tuple[array[int], ...]:
        """The columns of :data:`TOKEN_COLUMNS`."""
        return (
            self.input_tokens,
            self.cached_tokens,
            self.output_tokens,
            self.reasoning_tokens,
            self.total_tokens,
        )

    def custom_id(self, row: int) -> str:
        """The row's custom_id; empty when its input line has none."""
        start = self.id_ends[row - 1] if row else 0
        return self.ids[start : self.id_ends[row]].decode(errors="surrogatepass")

    def custom_ids(self) -> Iterator[str]:
        """All custom_ids in order."""
        start = 0
        for end in self.id_ends:
            yield self.ids[start:end].decode(errors="surrogatepass")
            start = end

    def request(self, row: int) -> Span | None:
        """Where the row's request stands in the input; None without an input."""
        if not self.request_starts:
            return None
        return Span(self.request_starts[row], self.request_lengths[row])

    def result(self, row: int) -> Span | None:
        """Where the row's answer stands in its file; None without an answer."""
        if not self.files[row]:
            return None
        return Span(self.result_starts[row], self.result_lengths[row])

    def pack(self) -> bytes:
        """The columns as bytes, for a process of the same program on the same machine."""
        arrays = self._arrays()
        head = msgspec.msgpack.encode(
            _Head(
                [len(column) for column in arrays],
                self.status_table,
                [(one.outcome.value, one.status, one.code, one.message) for one in self.reason_table],
                self.words,
            ),
        )
        size = len(head).to_bytes(_SIZE_BYTES, "big")
        return b"".join((size, head, *arrays, self.ids))

    @classmethod
    def unpack(cls, packed: bytes | memoryview) -> Self:
        """The columns that :meth:`pack` packed."""
        with memoryview(packed) as view:
            at = _SIZE_BYTES + int.from_bytes(view[:_SIZE_BYTES], "big")
            head = msgspec.msgpack.decode(view[_SIZE_BYTES:at], type=_Head)
            columns = cls(
                status_table=head.statuses,
                reason_table=[
                    Reason(Outcome(outcome), status, code, text) for outcome, status, code, text in head.reasons
                ],
                words=head.words,
            )
            for column, length in zip(columns._arrays(), head.lengths, strict=True):
                end = at + length * column.itemsize
                column.frombytes(view[at:end])
                at = end
            columns.ids += view[at:]
        return columns

    def _arrays(self) -> tuple[array[int], ...]:
        return (*self.answer_columns(), self.request_starts, self.request_lengths, self.id_ends)


class _Head(msgspec.Struct, array_like=True):
    lengths: list[int]
    statuses: list[int | None]
    reasons: list[tuple[str, int | None, str, str]]
    words: list[str]
