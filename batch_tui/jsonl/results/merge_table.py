"""The final output in any of the export formats."""

from __future__ import annotations

from pathlib import Path

from batch_tui.jsonl.lines import ProgressHook
from batch_tui.jsonl.results.export import ExportFormat, export_results
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.merge import Merged, merge_results, merged_of


def merge_as(
    joined: JoinedResults,
    destination: Path,
    export_format: ExportFormat,
    *,
    overwrite: bool = False,
    on_progress: ProgressHook | None = None,
) -> Merged:
    """Write the final output: one line or row for each request, in input order, the newest success first of all.

    In JSONL a request without an answer gets a line of its own, in a table its row says ``missing``.

    Args:
        joined: All generations, and all parts, joined with the whole input.
        destination: The file to make.
        export_format: What to write it as.
        overwrite: True to replace an existing file.
        on_progress: Told how many bytes of the answers are written.

    Raises:
        ConfigurationError: Parquet was asked for and its library isn't installed.
        InputFileError: A result file can't be read.
        FileChangedError: A result file isn't the one that was joined any more.
        OutputFileError: The destination can't be written.
    """
    if export_format is ExportFormat.JSONL:
        return merge_results(joined, destination, overwrite=overwrite, on_progress=on_progress)
    export_results(joined, destination, export_format, overwrite=overwrite, on_progress=on_progress)
    return merged_of(joined, destination)
