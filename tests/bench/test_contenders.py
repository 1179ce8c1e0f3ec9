"""The scripts that ours is measured against do the same work: they write what ours writes."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path

import pytest

from batch_tui.jsonl.results.export import COLUMNS
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.retry_set import write_retry_set
from batch_tui.jsonl.rewriting.split import split_file
from batch_tui.jsonl.rewriting.wrap import wrap_file
from tests.bench import bench_results, data, data_results, orjson_input, orjson_results, ours_results, parquet

_REQUESTS = 2_000


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Input, output and error file, small."""
    monkeypatch.setattr(data, "REQUESTS", _REQUESTS)
    monkeypatch.setattr(data_results, "REQUESTS", _REQUESTS)
    source = data.input_file(tmp_path / "chat.jsonl", 1_000_000)
    output, errors = data_results.result_files(tmp_path, 1_000_000)
    return str(source), str(output), str(errors)


def _by_id(path: Path) -> dict[str, dict[str, object]]:
    rows: list[dict[str, object]] = [json.loads(line) for line in path.read_bytes().splitlines()]
    return {str(row["custom_id"]): row for row in rows}


def test_the_orjson_loop_checks_a_good_file_and_refuses_a_repeated_id(files: tuple[str, str, str]) -> None:
    source = Path(files[0])
    orjson_input.check(files[0])
    first = source.read_bytes().splitlines(keepends=True)[0]
    with source.open("ab") as file:
        file.write(first)
    with pytest.raises(ValueError, match="request-000000"):
        orjson_input.check(files[0])


def test_the_orjson_loop_wraps_to_the_same_bytes(tmp_path: Path, files: tuple[str, str, str]) -> None:
    del files  # for its small number of requests
    bare = data.input_file(tmp_path / "bare.jsonl", 1_000_000, is_bare=True)
    wrap_file(bare, tmp_path / "ours.jsonl")
    orjson_input.wrap(str(bare))
    assert bare.with_suffix(".orjson").read_bytes() == (tmp_path / "ours.jsonl").read_bytes()


@pytest.mark.parametrize("split", [orjson_input.split, orjson_input.split_unchecked])
def test_the_loops_split_into_the_same_parts(
    tmp_path: Path,
    files: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
    split: object,
) -> None:
    monkeypatch.setattr(orjson_input, "_PART", 300)
    (tmp_path / "parts").mkdir()
    parts = split_file(Path(files[0]), tmp_path / "parts", max_requests=300)
    assert callable(split)
    split(files[0])
    theirs = sorted(tmp_path.glob("orjson-part-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    assert [path.read_bytes() for path in theirs] == [part.path.read_bytes() for part in parts]


@pytest.mark.parametrize("ways", [orjson_results.join, orjson_results.retry_set])
def test_the_orjson_loops_write_the_same_retry_set(
    tmp_path: Path, files: tuple[str, str, str], ways: object
) -> None:
    source, output, errors = files
    joined = join_results([[Path(output), Path(errors)]], input_path=Path(source))
    write_retry_set(joined, tmp_path / "ours.jsonl")
    assert callable(ways)
    ways(*files)
    assert Path(output).with_suffix(".orjson").read_bytes() == (tmp_path / "ours.jsonl").read_bytes()


def test_the_scripts_merge_the_same_answers(files: tuple[str, str, str]) -> None:
    output = Path(files[1])
    ours_results.join_and_merge(*files)
    orjson_results.merge(*files)
    bench_results.naive_merge(*files)
    ours, theirs, naive = (_by_id(output.with_suffix(end)) for end in (".merged", ".orjson", ".naive"))
    assert list(ours) == list(theirs)
    assert len(ours) == _REQUESTS
    assert {key: row for key, row in ours.items() if key in naive} == naive
    assert {key: row for key, row in theirs.items() if key in naive} == naive


def test_the_orjson_loop_exports_the_same_rows(tmp_path: Path, files: tuple[str, str, str]) -> None:
    output = Path(files[1])
    ours_results.join_and_export_csv(*files)
    orjson_results.export_csv(*files)
    with output.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        ours = list(csv.DictReader(file))
    with output.with_suffix(".orjson").open(newline="", encoding="utf-8") as file:
        theirs = [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(file)]
    for row in (*ours, *theirs):
        # Ours has words of its own for what has neither answer nor error.
        row.pop("code"), row.pop("message")
    assert ours == theirs
    columns = tmp_path / "joined.columns"
    ours_results.pack(*files, str(columns))
    parquet.ours(str(columns))
    parquet.naive(*files[1:])
    parquet.by_orjson(*files[1:])
    read = importlib.import_module("pyarrow.parquet").read_table
    mine, naive, by_orjson = (
        read(path).to_pylist()
        for path in (
            columns.with_suffix(".parquet"),
            output.with_suffix(".naive.parquet"),
            output.with_suffix(".orjson.parquet"),
        )
    )
    assert naive == by_orjson
    answers = {row["custom_id"]: (row["answer"] or None, row["total_tokens"]) for row in mine}
    assert len(naive) > _REQUESTS * 0.9
    assert {row["custom_id"]: (row["answer"], row["total_tokens"]) for row in naive}.items() <= answers.items()


def test_the_scripts_filter_the_rows_that_ours_filters(files: tuple[str, str, str]) -> None:
    source, output, errors = map(Path, files)
    joined = join_results([[output, errors]], input_path=source)
    ours = {joined.columns.custom_id(row) for row in joined.select("tokens>1000")}
    ids = [
        str(json.loads(line)["custom_id"]) for path in (output, errors) for line in path.read_bytes().splitlines()
    ]
    assert 0 < len(ours) < len(joined)
    assert {ids[place] for place in orjson_results.filters(*files[1:])} == ours
    assert {str(row["custom_id"]) for row in bench_results.naive_filters(*files[1:])} == ours


def test_the_loops_find_the_lines_that_ours_finds(
    files: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hits: list[int] = []
    monkeypatch.setattr(orjson_results, "_hit", lambda line, _at: hits.append(line))
    orjson_results.search(files[1], "refund")
    by_text = list(hits)
    hits.clear()
    orjson_results.search_bytes(files[1], "refund")
    assert by_text
    assert by_text == hits
    lines = Path(files[1]).read_text(encoding="utf-8").splitlines()
    assert by_text == [n for n, line in enumerate(lines) if "refund" in line]
