"""Join, search, filter, merge and export of results against wc, grep, cp and the script everybody writes."""

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
            ),
        ),
        Group(
            "merge",
            (
                Contender("cp", ("cp", str(output), str(folder / "copy.jsonl"))),
                Contender("merge", (f"{_OURS}:merge", str(columns)), True, None, 40),
            ),
        ),
        Group(
            "CSV",
            (
                wc,
                Contender("CSV", (f"{_OURS}:export_csv", str(columns)), True, {"json.loads, csv.writer": 0.5}, 40),
                Contender("json.loads, csv.writer", (f"{_ME}:naive_csv", str(output))),
            ),
        ),
    )


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
