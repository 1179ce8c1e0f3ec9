"""The retry set: the original request lines, to the byte, of what did not succeed and can pass a second time."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from batch_tui.domain.errors import FileChangedError, InputFileError
from batch_tui.domain.lines import Cause
from batch_tui.domain.text import printable
from batch_tui.jsonl.atomic import refuse_destination
from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.output import RowMeter, new_output
from batch_tui.jsonl.results.columns import NO_ID, REASON_SUCCEEDED, REPEATS_ID, Columns
from batch_tui.jsonl.results.join import read_custom_id
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.summary import causes_of


@dataclass(frozen=True, slots=True)
class RetrySet:
    """What was written, and what was not."""

    path: Path
    """The new input file; it was not made when ``kept`` is 0."""
    kept: int
    """Requests in it."""
    left_out: tuple[Cause, ...] = ()
    """Requests that did not succeed and were left out because they would fail again, by cause."""


def write_retry_set(
    joined: JoinedResults,
    destination: Path,
    *,
    include_permanent: bool = False,
    only: frozenset[int] | None = None,
    on_progress: ProgressHook | None = None,
) -> RetrySet:
    """Write the request lines that are worth sending again, in input order.

    Never among them: a request that succeeded in any generation, a line without a usable custom_id, and the
    second line of a custom_id (the service would refuse the file).

    Args:
        joined: The results, joined with their input.
        destination: The file to make; it must not exist.
        include_permanent: True to send again also what is expected to fail again.
        only: Row indexes to choose from; None for all.
        on_progress: Told how many bytes of the requests are written.

    Raises:
        InputFileError: The join had no input, or the input can't be read.
        FileChangedError: The input isn't the one that was joined any more.
        OutputFileError: The destination can't be written.
    """
    if joined.input_path is None:
        raise InputFileError("A retry set is made of the original lines; name the batch's input file.")
    refuse_destination(destination)
    rows = range(len(joined)) if only is None else sorted(row for row in only if 0 <= row < len(joined))
    kept, left_out = choose(joined.columns, rows, include_permanent=include_permanent)
    if kept:
        _write(joined, joined.input_path, destination, kept, on_progress)
    return RetrySet(destination, len(kept), causes_of(joined.columns, left_out))


def choose(columns: Columns, rows: Iterable[int], *, include_permanent: bool) -> tuple[array[int], array[int]]:
    """Of the rows without success: those to send again, and those to leave out."""
    may_go = bytes(include_permanent or reason.can_pass for reason in columns.reason_table)
    kept, left_out = array("Q"), array("Q")
    for row in rows:
        reason = columns.reasons[row]
        if reason == REASON_SUCCEEDED:
            continue
        is_sent = may_go[reason] and not columns.flags[row] & (NO_ID | REPEATS_ID)
        (kept if is_sent else left_out).append(row)
    return kept, left_out


def _write(
    joined: JoinedResults,
    source: Path,
    destination: Path,
    rows: array[int],
    on_progress: ProgressHook | None,
) -> None:
    columns = joined.columns
    meter = RowMeter(on_progress, sum(columns.request_lengths[row] for row in rows))
    with new_output(destination) as output:
        for row in rows:
            line = joined.request_line(row) or b""
            # The check costs two microseconds, the wrong line sent would cost money.
            if read_custom_id(line) != columns.custom_id(row):
                raise FileChangedError(f"{printable(source)} has changed since it was joined; join it again.")
            output.write_line(line)
            meter.add(len(line))
    meter.end()
