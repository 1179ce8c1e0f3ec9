"""Parquet by ours and by the scripts; a module of its own, so that its library isn't in the others' memory."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import orjson

from batch_tui.jsonl.results.export import COLUMNS, ExportFormat, export_results
from batch_tui.jsonl.results.joined import JoinedResults
from tests.bench.orjson_results import Result, row

# Loaded before the work begins, for all of them: imports don't count.
_arrow = importlib.import_module("pyarrow")
_parquet = importlib.import_module("pyarrow.parquet")


def ours(columns: str) -> None:
    """Parquet in input order, of results that are joined."""
    joined = JoinedResults.from_columns(Path(columns).read_bytes())
    export_results(joined, Path(columns).with_suffix(".parquet"), ExportFormat.PARQUET, overwrite=True)


def naive(*results: str) -> None:
    """The script everybody writes: all rows as dictionaries, then a table of them."""
    _write(json.loads, results, "naive")


def by_orjson(*results: str) -> None:
    """The same with the fastest decoder to Python objects."""
    _write(orjson.loads, results, "orjson")


def _write(loads: Callable[[bytes], Result], results: tuple[str, ...], kind: str) -> None:
    rows: list[dict[str, str | int | None]] = []
    for path in results:
        with Path(path).open("rb") as file:
            rows += [dict(zip(COLUMNS, row(loads(line)), strict=True)) for line in file]
    destination = Path(results[0]).with_suffix(f".{kind}.parquet")
    _parquet.write_table(_arrow.Table.from_pylist(rows), destination, compression="zstd")
