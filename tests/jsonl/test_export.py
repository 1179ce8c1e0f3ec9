from __future__ import annotations

import csv
import importlib
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.errors import ConfigurationError, FileChangedError, OutputFileError
from batch_tui.domain.files import Progress
from batch_tui.jsonl.results import export_parquet
from batch_tui.jsonl.results.export import COLUMNS, ExportFormat, csv_line, export_results
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults
from tests.support.peak_memory import peak_memory
from tests.support.result_files import (
    answer_line,
    failure_line,
    not_run_line,
    request_line,
    result_line,
    write_lines,
)

ODD = b"  " + answer_line("odd", text='A "quote", and\nmore\u2028é')


@pytest.fixture
def joined(tmp_path: Path) -> JoinedResults:
    source = write_lines(tmp_path / "in.jsonl", map(request_line, ["lost", "odd", "busy", "=cmd()", "late"]))
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return join_results(
        [
            [
                write_lines(
                    tmp_path / "out.jsonl", [result_line("=cmd()", 200, {"usage": usage, "model": "m"}), ODD]
                ),
                write_lines(
                    tmp_path / "err.jsonl", [failure_line("busy", message="@later, please"), not_run_line("late")]
                ),
            ]
        ],
        input_path=source,
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_jsonl_holds_the_lines_as_they_came_in_input_order(joined: JoinedResults, tmp_path: Path) -> None:
    done = export_results(joined, tmp_path / "x.jsonl", ExportFormat.JSONL)
    lines = done.path.read_bytes().split(b"\n")
    assert (done.rows, len(lines), lines[0], lines[-1]) == (4, 5, ODD, b"")


def test_csv_has_a_row_for_each_request_in_input_order(joined: JoinedResults, tmp_path: Path) -> None:
    done = export_results(joined, tmp_path / "x.csv", ExportFormat.CSV)
    rows = rows_of(done.path)
    assert done.rows == len(rows) == 5
    assert list(rows[0]) == list(COLUMNS)
    assert [row["outcome"] for row in rows] == ["missing", "succeeded", "failed", "succeeded", "not_run"]
    assert rows[1] == {
        "custom_id": "odd",
        "outcome": "succeeded",
        "status_code": "200",
        "code": "",
        "message": "",
        "finish_reason": "stop",
        "model": "gpt-4o-mini",
        "service_tier": "default",
        "input_tokens": "10",
        "cached_tokens": "0",
        "output_tokens": "5",
        "reasoning_tokens": "0",
        "total_tokens": "15",
        "answer": 'A "quote", and\nmore\u2028é',
    }
    assert (rows[0]["custom_id"], rows[0]["total_tokens"], rows[0]["status_code"]) == ("lost", "", "")
    assert (rows[2]["status_code"], rows[2]["code"]) == ("429", "rate_limit_exceeded")


def test_a_strangers_text_is_no_formula(joined: JoinedResults, tmp_path: Path) -> None:
    rows = rows_of(export_results(joined, tmp_path / "x.csv", ExportFormat.CSV).path)
    assert rows[3]["custom_id"] == "'=cmd()"
    assert rows[2]["message"] == "'@later, please"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "+1"),
        ("-12.5", "-12.5"),
        ("-1+cmd", "'-1+cmd"),
        ("- a list", "'- a list"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ('="a",b', '"\'=""a"",b"'),
        ("plain = text", "plain = text"),
        ("a\nb", '"a\nb"'),
        ("", ""),
        ("\ud800", "?"),
    ],
)
def test_a_cell_is_quoted_and_made_harmless(text: str, cell: str) -> None:
    assert csv_line((text, None, 3, "")).decode() == f"{cell},,3,\n"
    assert csv_line(("x", text)).decode() == f"x,{cell}\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=2, max_size=4))
def test_every_reader_of_csv_gets_the_texts_back(texts: list[str]) -> None:
    line = csv_line(tuple(texts)).decode()
    (read,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert [cell.removeprefix("'") for cell in read] == [text.removeprefix("'") for text in texts]


def test_only_the_rows_asked_for_are_written(joined: JoinedResults, tmp_path: Path) -> None:
    done = export_results(joined, tmp_path / "x.csv", ExportFormat.CSV, rows=joined.select("outcome:failed"))
    assert (done.rows, [row["custom_id"] for row in rows_of(done.path)]) == (1, ["busy"])
    lines = export_results(joined, tmp_path / "x.jsonl", ExportFormat.JSONL, rows=[0, 2])
    assert lines.path.read_bytes() == failure_line("busy", message="@later, please") + b"\n"


@pytest.mark.parametrize("export_format", [ExportFormat.CSV, ExportFormat.JSONL])
def test_a_file_that_changed_meanwhile_is_not_exported(
    joined: JoinedResults, tmp_path: Path, export_format: ExportFormat
) -> None:
    write_lines(joined.files[0], [answer_line(name * 300) for name in "abc"])
    with pytest.raises(FileChangedError, match="changed"):
        export_results(joined, tmp_path / "x.out", export_format)
    assert not (tmp_path / "x.out").exists()


def test_an_existing_file_is_overwritten_only_when_asked(joined: JoinedResults, tmp_path: Path) -> None:
    destination = write_lines(tmp_path / "x.csv", [b"precious"])
    with pytest.raises(OutputFileError, match="exists already"):
        export_results(joined, destination, ExportFormat.CSV)
    assert export_results(joined, destination, ExportFormat.CSV, overwrite=True).rows == 5


def test_progress_ends_with_all_bytes(joined: JoinedResults, tmp_path: Path) -> None:
    told: list[Progress] = []
    export_results(joined, tmp_path / "x.csv", ExportFormat.CSV, on_progress=told.append)
    assert told[-1].done == told[-1].total == sum(joined.columns.result_lengths)


def test_without_its_library_parquet_is_one_sentence_and_no_file(
    joined: JoinedResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"batch-tui\[export\]"):
        export_results(joined, tmp_path / "x.parquet", ExportFormat.PARQUET)
    assert [path.name for path in tmp_path.iterdir() if "parquet" in path.name] == []


def test_parquet_holds_every_text_as_it_is(
    joined: JoinedResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = importlib.import_module("pyarrow.parquet")
    monkeypatch.setattr(export_parquet, "_GROUP_ROWS", 2)
    done = export_results(joined, tmp_path / "x.parquet", ExportFormat.PARQUET)
    rows = parquet.read_table(done.path).to_pylist()
    assert [row["custom_id"] for row in rows] == ["lost", "odd", "busy", "=cmd()", "late"]
    assert (rows[1]["answer"], rows[1]["total_tokens"]) == ('A "quote", and\nmore\u2028é', 15)
    assert (rows[0]["status_code"], rows[0]["total_tokens"]) == (None, None)


IMPORTS = """
from batch_tui.jsonl.results.export import ExportFormat, export_results
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.merge import merge_results
folder = Path(sys.argv[1])
"""
WORK = """
joined = join_results([[folder / "out.jsonl"]])
assert export_results(joined, folder / "x.csv", ExportFormat.CSV).rows == 3000
assert merge_results(joined, folder / "x.jsonl").succeeded == 3000
"""


def test_export_and_merge_hold_no_answers_in_memory(tmp_path: Path) -> None:
    write_lines(tmp_path / "out.jsonl", (answer_line(f"r{n}", text="x" * 10_000) for n in range(3000)))
    # 30 MB of answers went through twice; what stays is columns and buffers.
    assert peak_memory(IMPORTS, WORK, str(tmp_path)).grown < 12_000_000
