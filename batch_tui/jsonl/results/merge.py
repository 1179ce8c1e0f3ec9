"""The final output over all generations: one line per request, in input order, the newest success first of all."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from batch_tui.domain.errors import FileChangedError
from batch_tui.domain.lines import Cause
from batch_tui.domain.text import printable
from batch_tui.jsonl.atomic import refuse_destination
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.output import Output, RowMeter, new_output
from batch_tui.jsonl.results.columns import SUCCEEDED
from batch_tui.jsonl.results.join import read_custom_id
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.line import MISSING_CODE
from batch_tui.jsonl.results.summary import causes_of


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a merge."""

    path: Path
    requests: int
    """Lines written: one for each request."""
    succeeded: int
    unfinished: array[int]
    """Rows that never succeeded, ascending."""
    causes: tuple[Cause, ...]
    """Why, most frequent first."""


def merge_results(
    joined: JoinedResults,
    destination: Path,
    *,
    overwrite: bool = False,
    on_progress: ProgressHook | None = None,
) -> Merged:
    """Write one result line for each request, in input order.

    A success is written as it came, to the byte. What never succeeded is written with its newest failure; a
    request that no file answers gets a line of its own, in the service's shape, with the error code
    :data:`~batch_tui.jsonl.results.line.MISSING_CODE`: the ids of the output are the ids of the input.

    Args:
        joined: All generations, and all parts, joined with the whole input.
        destination: The file to make.
        overwrite: True to replace an existing file.
        on_progress: Told how many bytes of the answers are written.

    Raises:
        InputFileError: A result file can't be read.
        FileChangedError: A result file isn't the one that was joined any more.
        OutputFileError: The destination can't be written.
    """
    refuse_destination(destination, overwrite=overwrite)
    with new_output(destination, overwrite=overwrite) as output:
        write_result_lines(joined, range(len(joined)), output, with_missing=True, on_progress=on_progress)
    return merged_of(joined, destination)


def merged_of(joined: JoinedResults, path: Path) -> Merged:
    """What became of a merge of these results into this file."""
    columns = joined.columns
    unfinished = array("Q", (row for row, outcome in enumerate(columns.outcomes) if outcome != SUCCEEDED))
    return Merged(path, len(joined), len(joined) - len(unfinished), unfinished, causes_of(columns, unfinished))


def write_result_lines(
    joined: JoinedResults,
    rows: Iterable[int],
    output: Output,
    *,
    with_missing: bool,
    on_progress: ProgressHook | None,
) -> int:
    """Write the rows' result lines as they came, in the order given.

    Args:
        joined: The results.
        rows: Which of them.
        output: Where to.
        with_missing: True to write a line of our own for a row that has none.
        on_progress: Told how far it is.

    Returns:
        Lines written.
    """
    columns = joined.columns
    meter = RowMeter(on_progress, sum(columns.result_lengths))
    written = 0
    for row in rows:
        line = checked_result_line(joined, row)
        if line is None:
            if not with_missing:
                continue
            line = missing_line(columns.custom_id(row))
        output.write_line(line)
        meter.add(len(line))
        written += 1
    meter.end()
    return written


def checked_result_line(joined: JoinedResults, row: int) -> bytes | None:
    """The row's result line; None without one.

    Raises:
        FileChangedError: The line isn't this row's any more.
    """
    line = joined.result_line(row)
    if line is not None and read_custom_id(line) != joined.columns.custom_id(row):
        name = printable(joined.files[joined.columns.files[row] - 1])
        raise FileChangedError(f"{name} has changed since it was joined; join it again.")
    return line


def missing_line(custom_id: str) -> bytes:
    """A result line, in the service's shape, for a request that no file answers."""
    error = {"code": MISSING_CODE, "message": "The request is in none of the result files."}
    return json.dumps({"id": None, "custom_id": custom_id, "response": None, "error": error}).encode()
