"""The join of requests and answers by custom_id, in input order, whatever order the answers came in.

Both files are read once, line by line. Every line is accounted for: each row ends as succeeded, failed, not run
or missing, and each result line either gives a row its answer or is counted as foreign, duplicate or unreadable.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from batch_tui.domain.errors import InputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.lines import Outcome, Span
from batch_tui.domain.text import printable
from batch_tui.jsonl.lines import BLOCK_BYTES, MAX_LINE_BYTES, ProgressHook, ProgressMeter, open_input
from batch_tui.jsonl.results.columns import (
    HAS_USAGE,
    MAX_REASONS,
    NO_ID,
    NO_ID_CODE,
    RANK,
    REASON_SUCCEEDED,
    REPEATS_ID,
    SUCCEEDED,
    Columns,
    Reason,
)
from batch_tui.jsonl.results.joined import MAX_STRAYS, JoinedResults, StrayKind, StrayLine
from batch_tui.jsonl.results.line import BOM, is_object, parse, read_facts
from batch_tui.jsonl.results.summary import LOOKED_AT, Strays, clean, normal_message
from batch_tui.jsonl.results.wire import Facts, TokenCounts

__all__ = ["JoinedResults", "join_results", "read_custom_id", "result_lines"]


def join_results(
    results: Sequence[Sequence[Path]],
    *,
    input_path: Path | None = None,
    on_progress: ProgressHook | None = None,
) -> JoinedResults:
    """Join result files with their input.

    Args:
        results: One sequence of files (output, errors) per generation, oldest first. The newest success of a
            request wins; without one, its newest answer. Of two answers in one generation the better one
            counts, of equals the first.
        input_path: The input all generations go back to; without it the rows are the ids in the results.
        on_progress: Told how many bytes of all files are read.

    Raises:
        InputFileError: A file can't be read.
    """
    joined, are_ids_right = _joined(results, input_path, on_progress, is_exact=False)
    if are_ids_right:
        return joined
    return _joined(results, input_path, on_progress, is_exact=True)[0]


def _joined(
    results: Sequence[Sequence[Path]],
    input_path: Path | None,
    on_progress: ProgressHook | None,
    *,
    is_exact: bool,
) -> tuple[JoinedResults, bool]:
    """The join, and whether the ids it took from its input were right."""
    files = tuple(path for generation in results for path in generation)
    join = _Join(_Meter(on_progress, [*files, *([input_path] if input_path else [])]), is_exact=is_exact)
    if input_path is not None:
        join.read_input(input_path)
    file = 0
    for generation, paths in enumerate(results, 1):
        for path in paths:
            join.read_results(path, file, generation)
            file += 1
    with join.finish(files, input_path) as joined:
        return joined, is_exact or join.ids_hold(joined)


_NO_TOKENS: TokenCounts = (0, 0, 0, 0, 0)
_MAX_WORD = 200
_TELL_BYTES = 1024 * 1024


class _IdOnly(Struct, gc=False):
    custom_id: str


_decode_id = Decoder(_IdOnly).decode


def read_custom_id(line: bytes) -> str | None:
    """The custom_id of an input line; empty when it has no usable one, None when the line is blank."""
    try:
        return _decode_id(line).custom_id
    except (DecodeError, UnicodeDecodeError, RecursionError):
        # What the quick decoder refuses: blank lines, a lone surrogate, a null id, or no JSON at all.
        if not line.strip():
            return None
    raw = parse(line)
    custom_id = raw.get("custom_id") if is_object(raw) else None
    return custom_id if isinstance(custom_id, str) else ""


_quick_id = re.compile(rb'\s*\{\s*"custom_id"\s*:\s*"([ !#-\[\]-~]+)"\s*,').match


def _first_id(line: bytes) -> str | None:
    """The custom_id at the start of a line, four times faster than decoding all of it.

    It's wrong for a line that has a second custom_id, or is broken further on: see :meth:`_Join.ids_hold`.
    """
    match = _quick_id(line)
    return read_custom_id(line) if match is None else match[1].decode("ascii")


def result_lines(path: Path, on_progress: ProgressHook | None = None) -> Iterator[tuple[int, bytes]]:
    r"""Offset and bytes of each line, with its ``b"\n"``; a byte order mark is no part of the first.

    Of a line too long for the memory only the start is given. The system's own reader is twice as fast here as
    blocks are, for every line becomes an object anyway.

    Raises:
        InputFileError: The file can't be read.
    """
    with open_input(path) as handle, BufferedReader(handle, BLOCK_BYTES) as reader:
        meter = ProgressMeter(on_progress, _size(path))
        start, due = 0, _TELL_BYTES
        try:
            for line in iter(partial(reader.readline, MAX_LINE_BYTES), b""):
                if start == 0 and line.startswith(BOM):
                    yield len(BOM), line[len(BOM) :]
                else:
                    yield start, line
                start += len(line)
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    start += _skip_line(reader)
                if start >= due:
                    due = start + _TELL_BYTES
                    meter.at(start)
        except OSError as error:
            raise InputFileError(f"{printable(path)} can't be read to its end ({error.strerror}).") from error
        meter.end(start)


def _skip_line(reader: BufferedReader[FileIO]) -> int:
    """Read to the end of an overlong line; gives the bytes that were left out."""
    skipped = 0
    while piece := reader.readline(BLOCK_BYTES):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def line_span(start: int, line: bytes) -> Span:
    """Where a line stands, its newline not counted."""
    return Span(start, len(line) - line.endswith(b"\n"))


class _Meter:
    """Adds up the progress of several files."""

    def __init__(self, hook: ProgressHook | None, paths: Sequence[Path]) -> None:
        self._hook = hook
        self._total = sum(_size(path) for path in paths)
        self._done = 0

    def next_file(self, path: Path) -> ProgressHook | None:
        """The hook for one file; files are counted in the order in which they're asked for."""
        if self._hook is None:
            return None
        base, self._done = self._done, self._done + _size(path)
        return partial(self._pass_on, self._hook, base)

    def _pass_on(self, hook: ProgressHook, base: int, progress: Progress) -> None:
        hook(Progress(base + progress.done, self._total))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputFileError(f"{printable(path)} can't be read ({error.strerror}); check the path.") from error


class _Join:
    """One join while it is made."""

    def __init__(self, meter: _Meter, *, is_exact: bool) -> None:
        self._meter = meter
        self._has_input = False
        self._read_id = read_custom_id if is_exact else _first_id
        self._columns = Columns()
        self._rows: dict[str, int] = {}
        self._repeats: list[tuple[int, int]] = []
        self._tables = _Tables(self._columns)
        self._seen = array("I")
        self._won = array("I")
        self._counts = dict.fromkeys(StrayKind, 0)
        self._strays: list[StrayLine] = []

    def read_input(self, path: Path) -> None:
        """Make a row of each request."""
        columns = self._columns
        starts, lengths, rows = columns.request_starts, columns.request_lengths, self._rows
        names: list[str] = []
        self._has_input, read_id = True, self._read_id
        for start, line in result_lines(path, self._meter.next_file(path)):
            custom_id = read_id(line)
            if custom_id is None:
                continue
            row = len(starts)
            starts.append(start)
            lengths.append(len(line) - line.endswith(b"\n"))
            names.append(custom_id)
            first = rows.setdefault(custom_id, row)
            if first != row or not custom_id:
                self._repeats.append((row, first))
        columns.set_ids(names)
        self._rows.pop("", None)
        self._fit(len(columns))

    def read_results(self, path: Path, file: int, generation: int) -> None:
        """Give rows their answers out of one file."""
        columns, seen = self._columns, self._seen
        for number, (start, line) in enumerate(result_lines(path, self._meter.next_file(path)), 1):
            facts = read_facts(line)
            if facts is None:
                if not line.isspace():
                    self._stray(StrayKind.UNREADABLE, file, number, line_span(start, line))
                continue
            row = self._row_of(facts.custom_id)
            if row is None:
                self._stray(StrayKind.FOREIGN, file, number, line_span(start, line))
                continue
            if seen[row] == generation:
                self._stray(StrayKind.DUPLICATE, file, number, line_span(start, line))
            seen[row] = generation
            if self._counts_more(row, RANK[facts.outcome], generation):
                self._won[row] = generation
                self._place(row, facts)
                columns.files[row] = file + 1
                columns.result_starts[row] = start
                columns.result_lengths[row] = len(line) - line.endswith(b"\n")

    def finish(self, files: tuple[Path, ...], input_path: Path | None) -> JoinedResults:
        """The join, after the last file."""
        columns = self._columns
        columns.fit(len(columns))
        for row, first in self._repeats:
            if columns.id_ends[row] == (columns.id_ends[row - 1] if row else 0):
                columns.flags[row] = NO_ID
                columns.reasons[row] = self._tables.no_id()
            else:
                for column in columns.answer_columns():
                    column[row] = column[first]
                columns.flags[row] |= REPEATS_ID
        counts = self._counts
        return JoinedResults(
            columns,
            files=files,
            input_path=input_path,
            strays=Strays(counts[StrayKind.FOREIGN], counts[StrayKind.DUPLICATE], counts[StrayKind.UNREADABLE]),
            stray_lines=tuple(self._strays),
        )

    def ids_hold(self, joined: JoinedResults) -> bool:
        """Tell whether the ids taken from the starts of the lines were right.

        An id that a result names is one the service has read. The others are read again, the exact way.
        """
        if not self._has_input:
            return True
        files = self._columns.files
        return not self._repeats and all(
            read_custom_id(joined.request_line(row) or b"") == joined.columns.custom_id(row)
            for row in range(len(joined))
            if not files[row]
        )

    def _row_of(self, custom_id: str | None) -> int | None:
        if not custom_id:
            return None
        row = self._rows.get(custom_id)
        if row is None and not self._has_input:
            row = self._rows[custom_id] = len(self._columns)
            self._columns.add_id(custom_id)
            if row == len(self._won):
                # Room for more than one: growing row by row would cost more than the join.
                self._fit(2 * row + 1024)
        return row

    def _fit(self, rows: int) -> None:
        self._columns.fit(rows)
        for column in (self._seen, self._won):
            column.frombytes(bytes((rows - len(column)) * column.itemsize))

    def _counts_more(self, row: int, rank: int, generation: int) -> bool:
        current = self._columns.outcomes[row]
        if self._won[row] == generation:
            return rank > current
        return rank == SUCCEEDED or current != SUCCEEDED

    def _place(self, row: int, facts: Facts) -> None:
        columns, tables = self._columns, self._tables
        words = tables.words
        columns.outcomes[row] = RANK[facts.outcome]
        columns.statuses[row] = tables.statuses.get(facts.status) or tables.status(facts.status)
        columns.reasons[row] = tables.reason(facts)
        columns.finishes[row] = words.get(facts.finish) or tables.word(facts.finish)
        columns.models[row] = words.get(facts.model) or tables.word(facts.model)
        columns.tiers[row] = words.get(facts.tier) or tables.word(facts.tier)
        columns.flags[row] = HAS_USAGE if facts.tokens is not None else 0
        (
            columns.input_tokens[row],
            columns.cached_tokens[row],
            columns.output_tokens[row],
            columns.reasoning_tokens[row],
            columns.total_tokens[row],
        ) = facts.tokens or _NO_TOKENS

    def _stray(self, kind: StrayKind, file: int, line: int, span: Span) -> None:
        self._counts[kind] += 1
        if len(self._strays) < MAX_STRAYS:
            self._strays.append(StrayLine(kind, file, line, span))


class _Tables:
    """Words that are kept once, and their places."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.statuses: dict[int | None, int] = {None: 0}
        self.words: dict[str, int] = {"": 0}
        self._reasons: dict[Reason, int] = {}

    def status(self, status: int | None) -> int:
        place = self.statuses.get(status)
        if place is None:
            place = self.statuses[status] = len(self._columns.status_table)
            self._columns.status_table.append(status)
        return place

    def word(self, word: str) -> int:
        place = self.words.get(word)
        if place is None:
            kept = clean(word[:_MAX_WORD])
            place = self.words.get(kept)
            if place is None:
                place = self.words[kept] = len(self._columns.words)
                self._columns.words.append(kept)
        return place

    def reason(self, facts: Facts) -> int:
        if facts.outcome is Outcome.SUCCEEDED:
            return REASON_SUCCEEDED
        code = clean(facts.code[:_MAX_WORD])
        reason = Reason(facts.outcome, facts.status, code, normal_message(facts.message[:LOOKED_AT]))
        if len(self._reasons) >= MAX_REASONS and reason not in self._reasons:
            reason = Reason(facts.outcome, facts.status, code)
        return self._place(reason)

    def no_id(self) -> int:
        return self._place(
            Reason(
                Outcome.MISSING, None, NO_ID_CODE, "the input line has no custom_id, so no answer can be matched"
            )
        )

    def _place(self, reason: Reason) -> int:
        place = self._reasons.get(reason)
        if place is None:
            place = self._reasons[reason] = len(self._columns.reason_table)
            self._columns.reason_table.append(reason)
        return place
