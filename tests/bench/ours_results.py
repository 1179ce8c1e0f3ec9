"""Ours about results, one function each, importing no more than it needs: the memory is measured too."""

from __future__ import annotations

from pathlib import Path

from batch_tui.jsonl.results.export import ExportFormat, export_results
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.merge import merge_results
from batch_tui.jsonl.results.retry_set import write_retry_set
from batch_tui.jsonl.search import search_file


def join(source: str, output: str, errors: str) -> None:
    """Join, summary and retry set."""
    joined = join_results([[Path(output), Path(errors)]], input_path=Path(source))
    destination = Path(output).with_suffix(".retry")
    destination.unlink(missing_ok=True)
    write_retry_set(joined, destination)
    if not joined.summary.succeeded:
        raise ValueError(output)


def pack(source: str, output: str, errors: str, destination: str) -> None:
    """Join, and keep the columns for the other measurements."""
    joined = join_results([[Path(output), Path(errors)]], input_path=Path(source))
    Path(destination).write_bytes(joined.to_columns())


def search(output: str, needle: str) -> None:
    """Every line with a text."""
    for _ in search_file(Path(output), needle):
        pass


def search_ignoring_case(output: str, needle: str) -> None:
    """Every line with a text in any case."""
    for _ in search_file(Path(output), needle, ignore_case=True):
        pass


def first_hits(output: str, needle: str) -> None:
    """The first screenful of hits."""
    hits = search_file(Path(output), needle)
    for _ in range(50):
        next(hits)


def select(columns: str, condition: str) -> None:
    """Rows by a condition, ten times."""
    joined = JoinedResults.from_columns(Path(columns).read_bytes())
    for _ in range(10):
        joined.select(condition)


def join_and_select(source: str, output: str, errors: str, condition: str) -> None:
    """The same with the join before it."""
    joined = join_results([[Path(output), Path(errors)]], input_path=Path(source))
    for _ in range(10):
        joined.select(condition)


def join_and_merge(source: str, output: str, errors: str) -> None:
    """The output in input order, from the files."""
    joined = join_results([[Path(output), Path(errors)]], input_path=Path(source))
    merge_results(joined, Path(output).with_suffix(".merged"), overwrite=True)


def join_and_export_csv(source: str, output: str, errors: str) -> None:
    """CSV in input order, from the files."""
    joined = join_results([[Path(output), Path(errors)]], input_path=Path(source))
    export_results(joined, Path(output).with_suffix(".csv"), ExportFormat.CSV, overwrite=True)


def merge(columns: str) -> None:
    """The output in input order."""
    joined = JoinedResults.from_columns(Path(columns).read_bytes())
    merge_results(joined, Path(columns).with_suffix(".merged"), overwrite=True)


def export_csv(columns: str) -> None:
    """CSV in input order."""
    joined = JoinedResults.from_columns(Path(columns).read_bytes())
    export_results(joined, Path(columns).with_suffix(".csv"), ExportFormat.CSV, overwrite=True)
