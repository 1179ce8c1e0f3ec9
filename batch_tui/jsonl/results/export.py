"""Results as a file for other programs: JSONL as it came, CSV and Parquet with one row per request.

The columns of CSV and Parquet, in input order:

=================  ==========================================================================================
custom_id          the request's id; empty when the input line has none
outcome            ``succeeded``, ``failed``, ``not_run`` or ``missing``
status_code        HTTP status of the request; empty when it never ran
code, message      the error's code and message; empty on success
finish_reason      how the answer ended: ``stop``, ``length``, ``refusal``, ``completed``, …
model              the model that answered
service_tier       the tier that was billed, when told
input_tokens       these five are empty when the answer tells no usage
cached_tokens      the part of the input that was cached
output_tokens
reasoning_tokens   the part of the output that was reasoning
total_tokens
answer             what the model wrote; for tool calls, embeddings and other endpoints their JSON
=================  ==========================================================================================

A spreadsheet takes a cell that begins with ``= + - @`` for a formula, and an answer is a stranger's text: in CSV
such a cell gets an apostrophe in front, unless it's a plain number. JSONL and Parquet hold every text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from batch_tui.domain.errors import ConfigurationError
from batch_tui.jsonl.atomic import refuse_destination
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.output import Output, RowMeter, new_output
from batch_tui.jsonl.results.columns import HAS_USAGE, OUTCOMES, SUCCEEDED, TOKEN_COLUMNS
from batch_tui.jsonl.results.export_parquet import ParquetRows
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.line import read_facts
from batch_tui.jsonl.results.merge import checked_result_line, write_result_lines
from batch_tui.jsonl.results.summary import clean
from batch_tui.jsonl.results.text import answer_text

TEXT_COLUMNS = ("custom_id", "outcome", "code", "message", "finish_reason", "model", "service_tier", "answer")
"""Columns that hold text."""
COLUMNS = (
    "custom_id",
    "outcome",
    "status_code",
    "code",
    "message",
    "finish_reason",
    "model",
    "service_tier",
    *TOKEN_COLUMNS,
    "answer",
)
"""All columns of CSV and Parquet, in their order."""
Row = tuple[str | int | None, ...]
"""One value for each of :data:`COLUMNS`; None where nothing is known."""
_MUST_QUOTE = re.compile(r'[",\r\n]').search
_FORMULA = re.compile(r"[=+\-@\t\r]").match
_MAX_SHORT = 200
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?").fullmatch


class ExportFormat(StrEnum):
    """What the file is written as."""

    JSONL = "jsonl"
    """The result lines, bytes as they came; requests without one are left out."""
    CSV = "csv"
    PARQUET = "parquet"
    """Needs the ``[export]`` extra."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    path: Path
    rows: int
    """Result lines or rows in it, the header not counted."""


def export_results(
    joined: JoinedResults,
    destination: Path,
    export_format: ExportFormat,
    *,
    rows: Sequence[int] | None = None,
    overwrite: bool = False,
    on_progress: ProgressHook | None = None,
) -> Exported:
    """Write results in input order.

    Args:
        joined: The results.
        destination: The file to make.
        export_format: What to write it as.
        rows: Which rows, ascending; None for all.
        overwrite: True to replace an existing file.
        on_progress: Told how many bytes of the answers are written.

    Raises:
        ConfigurationError: Parquet was asked for and its library isn't installed.
        InputFileError: A result file can't be read.
        FileChangedError: A result file isn't the one that was joined any more.
        OutputFileError: The destination can't be written.
    """
    refuse_destination(destination, overwrite=overwrite)
    chosen = range(len(joined)) if rows is None else rows
    write = _WRITERS[export_format]
    with new_output(destination, overwrite=overwrite) as output:
        count = write(joined, chosen, output, on_progress)
    return Exported(destination, count)


def stream_results(
    joined: JoinedResults, export_format: ExportFormat, *, rows: Sequence[int] | None = None
) -> Iterator[bytes]:
    """The bytes of an export, line by line: for a pipe, whose reader may go away at any time.

    Raises:
        ConfigurationError: The format can't be written into a pipe.
        InputFileError: A result file can't be read.
        FileChangedError: A result file isn't the one that was joined any more.
    """
    chosen = range(len(joined)) if rows is None else rows
    match export_format:
        case ExportFormat.JSONL:
            lines = (checked_result_line(joined, row) for row in chosen)
            yield from (line + b"\n" for line in lines if line is not None)
        case ExportFormat.CSV:
            yield (",".join(COLUMNS) + "\n").encode()
            yield from map(csv_line, export_rows(joined, chosen))
        case _:
            raise ConfigurationError("Parquet is written into a file only; name one with -o.")


def export_rows(
    joined: JoinedResults, rows: Sequence[int], on_progress: ProgressHook | None = None
) -> Iterator[Row]:
    """The rows as values, one after the other."""
    columns = joined.columns
    words, reasons, tokens = columns.words, columns.reason_table, columns.token_columns()
    meter = RowMeter(on_progress, sum(columns.result_lengths[row] for row in rows) if on_progress else 0)
    for row in rows:
        line = checked_result_line(joined, row) or b""
        reason = reasons[columns.reasons[row]]
        is_success = columns.outcomes[row] == SUCCEEDED
        has_usage = columns.flags[row] & HAS_USAGE
        yield (
            columns.custom_id(row),
            OUTCOMES[columns.outcomes[row]].value,
            columns.status_table[columns.statuses[row]],
            reason.code,
            "" if is_success else _message(line, reason.message),
            words[columns.finishes[row]],
            words[columns.models[row]],
            words[columns.tiers[row]],
            *(column[row] if has_usage else None for column in tokens),
            answer_text(line) if is_success else "",
        )
        meter.add(len(line))
    meter.end()


def csv_line(row: Row) -> bytes:
    """A row as a line of CSV: quoted where needed, formulas made harmless."""
    *short, answer = row
    # Words come again and again, numbers need no care: the answer alone is worth a look each time.
    cells = [
        "" if cell is None or cell == "" else _word(cell) if isinstance(cell, str) else str(cell) for cell in short
    ]
    cells.append(_cell(answer) if isinstance(answer, str) else "")
    return (",".join(cells) + "\n").encode(errors="replace")


def _cell(text: str) -> str:
    if _FORMULA(text) and not _NUMBER(text):
        text = "'" + text
    if _MUST_QUOTE(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _word(text: str) -> str:
    # Only what is short is kept: a thousand long messages would be memory for nothing.
    return _short_cell(text) if len(text) <= _MAX_SHORT else _cell(text)


_short_cell = lru_cache(maxsize=1024)(_cell)


def _message(line: bytes, otherwise: str) -> str:
    facts = read_facts(line)
    return otherwise if facts is None else facts.message


_Writer = Callable[[JoinedResults, Sequence[int], Output, ProgressHook | None], int]


def _write_jsonl(
    joined: JoinedResults, rows: Sequence[int], output: Output, on_progress: ProgressHook | None
) -> int:
    return write_result_lines(joined, rows, output, with_missing=False, on_progress=on_progress)


def _write_csv(
    joined: JoinedResults, rows: Sequence[int], output: Output, on_progress: ProgressHook | None
) -> int:
    output.write((",".join(COLUMNS) + "\n").encode())
    for row in export_rows(joined, rows, on_progress):
        output.write(csv_line(row))
    return len(rows)


def _write_parquet(
    joined: JoinedResults, rows: Sequence[int], output: Output, on_progress: ProgressHook | None
) -> int:
    with ParquetRows(output, COLUMNS, frozenset(TEXT_COLUMNS)) as parquet:
        for row in export_rows(joined, rows, on_progress):
            parquet.add(tuple(clean(cell) if isinstance(cell, str) else cell for cell in row))
    return len(rows)


_WRITERS: dict[ExportFormat, _Writer] = {
    ExportFormat.JSONL: _write_jsonl,
    ExportFormat.CSV: _write_csv,
    ExportFormat.PARQUET: _write_parquet,
}
