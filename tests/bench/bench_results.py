"""Join, search, filter, merge and export of results against wc, cp, orjson and the script everybody writes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.data import input_file
from tests.bench.data_results import result_files
from tests.bench.harness import Contender, Group, measure

_ME = "tests.bench.bench_results"
_OURS = "tests.bench.ours_results"
_PARQUET = "tests.bench.parquet"
_ORJSON = "orjson loop"
_NEEDLE = "compliance refund"


def groups(folder: Path, size: int) -> Sequence[Group]:
    """What is measured here."""
    source = input_file(folder / "chat.jsonl", size)
    output, errors = result_files(folder, size)
    columns = folder / "joined.columns"
    if not columns.exists():
        # In a process of its own: a child's peak of memory begins at its parent's.
        measure(Contender("pack", (f"{_OURS}:pack", str(source), str(output), str(errors), str(columns))))
    files = (str(source), str(output), str(errors))
    wc = Contender("wc -l", ("wc", "-l", str(output)))
    return (
        Group(
            "join, summary and retry set",
            (
                Contender("wc -l of both", ("wc", "-l", *files)),
                Contender("join", (f"{_OURS}:join", *files), True, {"json.loads": 1 / 8}, 40),
                _orjson("join", files),
                _orjson("retry_set", files, "orjson loop, retry set alone"),
                Contender("json.loads", (f"{_ME}:naive_join", *files)),
            ),
        ),
        Group(
            "search",
            (
                wc,
                Contender("search", (f"{_OURS}:search", str(output), _NEEDLE), True, {"wc -l": 3}, 40),
                Contender(
                    "search ignoring case",
                    (f"{_OURS}:search_ignoring_case", str(output), _NEEDLE.title()),
                    True,
                    {"wc -l": 6},
                    40,
                ),
                Contender("first 50 hits", (f"{_OURS}:first_hits", str(output), _NEEDLE), True, {"wc -l": 0.5}),
                _orjson("search", (str(output), _NEEDLE)),
                _orjson("search_bytes", (str(output), _NEEDLE), "loop over lines, none read"),
                Contender("json.loads", (f"{_ME}:naive_search", str(output), _NEEDLE)),
            ),
        ),
        Group(
            "ten filters",
            (
                wc,
                _selected(columns, "status>=400 code:rate_limit"),
                _selected(columns, "tokens>1000"),
                _selected(columns, "finish:length"),
                _selected(columns, "request-0123"),
                Contender("join, then tokens>1000", (f"{_OURS}:join_and_select", *files, "tokens>1000"), True),
                _orjson("filters", (str(output), str(errors)), "orjson loop, then tokens>1000"),
                Contender("json.loads, then tokens>1000", (f"{_ME}:naive_filters", str(output), str(errors))),
            ),
        ),
        *_exports(folder, columns, files),
    )


def _exports(folder: Path, columns: Path, files: tuple[str, ...]) -> Sequence[Group]:
    """What writes results: of the columns of a join, and with the join, which the scripts do too."""
    _, *results = files
    output, joined = results[0], str(columns)
    wc = Contender("wc -l", ("wc", "-l", output))
    return (
        Group(
            "merge",
            (
                Contender("cp", ("cp", output, str(folder / "copy.jsonl"))),
                Contender("merge", (f"{_OURS}:merge", joined), True, None, 40),
                Contender("join and merge", (f"{_OURS}:join_and_merge", *files), True, None, 40),
                _orjson("merge", files),
                Contender("json.loads, json.dumps", (f"{_ME}:naive_merge", *files)),
            ),
        ),
        Group(
            "CSV",
            (
                wc,
                Contender("CSV", (f"{_OURS}:export_csv", joined), True, {"json.loads, csv.writer": 0.5}, 40),
                Contender("join and CSV", (f"{_OURS}:join_and_export_csv", *files), True, None, 40),
                _orjson("export_csv", files, "orjson loop, csv.writer"),
                Contender("json.loads, csv.writer", (f"{_ME}:naive_csv", output)),
            ),
        ),
        Group(
            "Parquet",
            (
                wc,
                Contender("Parquet", (f"{_PARQUET}:ours", joined), True),
                Contender("orjson, Table.from_pylist", (f"{_PARQUET}:by_orjson", *results)),
                Contender("json.loads, Table.from_pylist", (f"{_PARQUET}:naive", *results)),
            ),
        ),
    )


def _orjson(function: str, arguments: tuple[str, ...], name: str = _ORJSON) -> Contender:
    return Contender(name, (f"tests.bench.orjson_results:{function}", *arguments))


def _selected(columns: Path, condition: str) -> Contender:
    return Contender(condition, (f"{_OURS}:select", str(columns), condition), True, None, 40)


_Row = dict[str, dict[str, dict[str, object]]]


def _objects(*paths: str) -> Iterator[_Row]:
    for path in paths:
        with Path(path).open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def naive_join(source: str, output: str, errors: str) -> None:
    """The script everybody writes: all of it as objects."""
    requests = list(_objects(source))
    results = {str(row["custom_id"]): row for row in _objects(output, errors)}
    causes = Counter[str]()
    with Path(output).with_suffix(".naive").open("w", encoding="utf-8") as retry:
        for request in requests:
            row = results.get(str(request["custom_id"]))
            status = str(row["response"]["status_code"]) if row and row["response"] else "none"
            causes[status] += 1
            if status != "200":
                retry.write(json.dumps(request) + "\n")


def naive_search(output: str, needle: str) -> None:
    """The text in each answer."""
    for row in _objects(output):
        if needle in json.dumps(row["response"], ensure_ascii=False):
            continue


def naive_csv(output: str) -> None:
    """Each answer as a row."""
    with Path(output).with_suffix(".naive").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for row in _objects(output):
            body = row["response"]["body"]
            writer.writerow([row["custom_id"], row["response"]["status_code"], *body.values()])


def naive_filters(output: str, errors: str) -> list[_Row]:
    """All rows as objects, then ten times by the tokens; gives what the last time found."""
    rows, found = list(_objects(output, errors)), list[_Row]()
    for _ in range(10):
        found = [row for row in rows if row["response"] and _tokens(row) > 1000]
    return found


def _tokens(row: _Row) -> int:
    usage: object = row["response"]["body"].get("usage")
    used: object = usage.get("total_tokens") if isinstance(usage, dict) else None
    return used if isinstance(used, int) else 0


def naive_merge(source: str, output: str, errors: str) -> None:
    """All of it as objects, then one after the other."""
    results = {str(row["custom_id"]): row for row in _objects(output, errors)}
    with Path(output).with_suffix(".naive").open("w", encoding="utf-8") as out:
        for request in _objects(source):
            row = results.get(str(request["custom_id"]))
            if row is not None:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
