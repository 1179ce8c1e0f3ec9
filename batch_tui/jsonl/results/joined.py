"""A batch's requests with their outcomes, in input order: columns in memory, texts in the files."""

from __future__ import annotations

import contextlib
import os
import weakref
from array import array
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from io import FileIO
from pathlib import Path
from typing import Self

import msgspec.msgpack

from batch_tui.domain.batch import Usage
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.lines import Cause, ResultRow, Span, Summary
from batch_tui.domain.text import printable
from batch_tui.jsonl.lines import open_input
from batch_tui.jsonl.results.columns import HAS_USAGE, OUTCOMES, SUCCEEDED, Columns, Reason
from batch_tui.jsonl.results.filters import Condition
from batch_tui.jsonl.results.line import read_facts, usage_of
from batch_tui.jsonl.results.summary import Strays, UsageGroup, summarise, usage_groups

MAX_ROW_MESSAGE = 500
"""Characters of an error's message that a row shows; the whole stands in the result line."""
MAX_STRAYS = 1_000
"""Stray lines that are kept with their place; all are counted."""
_SIZE_BYTES = 8


class StrayKind(StrEnum):
    """Why a result line gave no row its answer."""

    FOREIGN = "foreign"
    """No request has its custom_id, or it has none."""
    DUPLICATE = "duplicate"
    """Its generation answered the request more than once, and another line counts."""
    UNREADABLE = "unreadable"
    """It isn't a JSON object."""


@dataclass(frozen=True, slots=True)
class StrayLine:
    """One result line that gave no row its answer."""

    kind: StrayKind
    file: int
    """Which of the joined result files, in the order given."""
    line: int
    """1-based."""
    span: Span


class JoinedResults:
    """Every request with its outcome, in input order; made by :func:`join.join_results`.

    Rows are 0-based. Messages and answers are read from the files when asked for: the files must stay where
    they are. Without an input, the rows stand in the order in which their ids first came.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        files: tuple[Path, ...],
        input_path: Path | None,
        strays: Strays,
        stray_lines: tuple[StrayLine, ...] = (),
    ) -> None:
        self.columns = columns
        """The rows; to be read only."""
        self.files = files
        """The joined result files, oldest generation first."""
        self.input_path = input_path
        """The input file, or None when the join had none."""
        self.strays = strays
        """How many result lines gave no row its answer."""
        self.stray_lines = stray_lines
        """The first :data:`MAX_STRAYS` of them."""
        self._open: dict[Path, FileIO] = {}
        # A join lives as long as somebody shows it: who lets go of it need not close it. Not by ``__del__``, for
        # in a ring of references the files may come to their end, and complain, before it is called.
        weakref.finalize(self, _close_all, self._open)

    def __len__(self) -> int:
        return len(self.columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @cached_property
    def summary(self) -> Summary:
        """What came back, counted, with the causes of what did not succeed."""
        return summarise(self.columns, self.strays)

    @cached_property
    def usage_groups(self) -> tuple[UsageGroup, ...]:
        """Tokens by model and service tier, for prices."""
        return usage_groups(self.columns)

    def row(self, index: int) -> ResultRow:
        """One request with its outcome.

        A failure's message is read from its file; it's empty when the file is gone.
        """
        columns = self.columns
        reason = columns.reason_table[columns.reasons[index]]
        result = columns.result(index)
        message = reason.message
        if result is not None and columns.outcomes[index] != SUCCEEDED:
            message = self._message(index)
        return ResultRow(
            index=index,
            custom_id=columns.custom_id(index),
            outcome=OUTCOMES[columns.outcomes[index]],
            status_code=columns.status_table[columns.statuses[index]],
            code=reason.code,
            message=message[:MAX_ROW_MESSAGE],
            finish_reason=columns.words[columns.finishes[index]],
            usage=self.usage(index),
            request=columns.request(index),
            result=result,
            file=columns.files[index] - 1,
        )

    def usage(self, index: int) -> Usage | None:
        """The tokens of the row's answer; None when it tells none."""
        columns = self.columns
        if not columns.flags[index] & HAS_USAGE:
            return None
        return usage_of([column[index] for column in columns.token_columns()])

    def reason(self, index: int) -> Reason:
        """Why the row came out as it did: rows that share it are one cause."""
        return self.columns.reason_table[self.columns.reasons[index]]

    def request_line(self, index: int) -> bytes | None:
        """The row's request as it stands in the input, without its newline; None when the join had no input.

        Raises:
            InputFileError: The input can't be read any more.
        """
        span = self.columns.request(index)
        return None if span is None or self.input_path is None else self._read(self.input_path, span)

    def result_line(self, index: int) -> bytes | None:
        """The row's answer as it stands in its file, without its newline; None when there is none.

        Raises:
            InputFileError: The file can't be read any more.
        """
        span = self.columns.result(index)
        return None if span is None else self._read(self.files[self.columns.files[index] - 1], span)

    def select(self, condition: str) -> array[int]:
        """Indexes of the rows that meet a condition, ascending; see :mod:`batch_tui.jsonl.results.filters`.

        Raises:
            ConditionError: The condition can't be understood.
        """
        return Condition.parse(condition).rows(self.columns)

    def row_at(self, file: int, start: int) -> int | None:
        """The row whose answer begins at a place in a file: what a search hit belongs to.

        Args:
            file: Which of the joined result files.
            start: Byte offset of the line.

        Returns:
            Its index; None when the line gave no row its answer.
        """
        return self._rows_by_place.get((file, start))

    @cached_property
    def _rows_by_place(self) -> dict[tuple[int, int], int]:
        columns = self.columns
        places = zip(columns.files, columns.result_starts, strict=True)
        return {(file - 1, start): row for row, (file, start) in enumerate(places) if file}

    def cause_rows(self, cause: Cause) -> array[int]:
        """Indexes of the rows that came out for this cause, ascending."""
        wanted = {
            place
            for place, reason in enumerate(self.columns.reason_table)
            if (reason.outcome, reason.status, reason.code, reason.message)
            == (cause.outcome, cause.status_code, cause.code, cause.message)
        }
        return array("Q", (row for row, place in enumerate(self.columns.reasons) if place in wanted))

    def to_columns(self) -> bytes:
        """The whole join as bytes, for another process of the same program on the same machine."""
        head = msgspec.msgpack.encode(
            _Head(
                [os.fsencode(path) for path in self.files],
                None if self.input_path is None else os.fsencode(self.input_path),
                (self.strays.foreign, self.strays.duplicate, self.strays.unreadable),
                [
                    (stray.kind.value, stray.file, stray.line, stray.span.start, stray.span.length)
                    for stray in self.stray_lines
                ],
            ),
        )
        return len(head).to_bytes(_SIZE_BYTES, "big") + head + self.columns.pack()

    @classmethod
    def from_columns(cls, packed: bytes) -> Self:
        """The join that :meth:`to_columns` made bytes of."""
        with memoryview(packed) as view:
            end = _SIZE_BYTES + int.from_bytes(view[:_SIZE_BYTES], "big")
            head = msgspec.msgpack.decode(view[_SIZE_BYTES:end], type=_Head)
            columns = Columns.unpack(view[end:])
        return cls(
            columns,
            files=tuple(Path(os.fsdecode(path)) for path in head.files),
            input_path=None if head.input is None else Path(os.fsdecode(head.input)),
            strays=Strays(*head.strays),
            stray_lines=tuple(
                StrayLine(StrayKind(kind), file, line, Span(start, length))
                for kind, file, line, start, length in head.lines
            ),
        )

    def close(self) -> None:
        """Let go of the files; they are opened again when needed."""
        _close_all(self._open)

    def _message(self, index: int) -> str:
        facts = None
        with contextlib.suppress(InputFileError):
            facts = read_facts(self.result_line(index) or b"")
        return facts.message if facts is not None else ""

    def _read(self, path: Path, span: Span) -> bytes:
        handle = self._open.get(path)
        if handle is None:
            handle = self._open[path] = open_input(path)
        try:
            return os.pread(handle.fileno(), span.length, span.start)
        except OSError as error:
            raise InputFileError(f"{printable(path)} can't be read ({error.strerror}); check the disk.") from error


class _Head(msgspec.Struct, array_like=True):
    files: list[bytes]
    input: bytes | None
    strays: tuple[int, int, int]
    lines: list[tuple[str, int, int, int, int]]


def _close_all(handles: dict[Path, FileIO]) -> None:
    for handle in handles.values():
        handle.close()
    handles.clear()
