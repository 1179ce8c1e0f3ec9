from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.errors import FileChangedError, OutputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.lines import Outcome
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.line import MISSING_CODE, read_result_line
from batch_tui.jsonl.results.merge import merge_results
from tests.support.result_files import answer_line, failure_line, request_line, write_lines


def test_one_line_a_request_in_input_order_the_newest_success_first_of_all(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", map(request_line, ["a", "b", "c", "d"]))
    odd = b"  " + answer_line("a") + b" "
    first = write_lines(
        tmp_path / "1.jsonl", [failure_line("c"), odd, answer_line("b", text="old"), failure_line("d")]
    )
    second = write_lines(
        tmp_path / "2.jsonl", [answer_line("c"), failure_line("d", 500), answer_line("b", text="new")]
    )
    joined = join_results([[first], [second]], input_path=source)
    merged = merge_results(joined, tmp_path / "merged.jsonl")
    expected = [odd, answer_line("b", text="new"), answer_line("c"), failure_line("d", 500)]
    assert merged.path.read_bytes() == b"".join(line + b"\n" for line in expected)
    assert (merged.requests, merged.succeeded, list(merged.unfinished)) == (4, 3, [3])
    assert [(cause.status_code, cause.count) for cause in merged.causes] == [(500, 1)]


def test_a_request_that_no_file_answers_gets_a_line_that_says_so(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line('"lost" é')])
    merged = merge_results(join_results([], input_path=source), tmp_path / "merged.jsonl")
    line = read_result_line(merged.path.read_bytes())
    assert line is not None
    assert (line.custom_id, line.outcome, line.code) == ('"lost" é', Outcome.NOT_RUN, MISSING_CODE)
    assert merged.causes[0].outcome is Outcome.MISSING


def test_an_existing_file_is_overwritten_only_when_asked(tmp_path: Path) -> None:
    joined = join_results([[write_lines(tmp_path / "out.jsonl", [answer_line("a")])]])
    destination = write_lines(tmp_path / "merged.jsonl", [b"precious"])
    with pytest.raises(OutputFileError, match="exists already"):
        merge_results(joined, destination)
    assert destination.read_bytes() == b"precious\n"
    merge_results(joined, destination, overwrite=True)
    assert destination.read_bytes() == answer_line("a") + b"\n"


def test_results_that_changed_meanwhile_are_not_mixed_in(tmp_path: Path) -> None:
    output = write_lines(tmp_path / "out.jsonl", [answer_line("a"), answer_line("b")])
    joined = join_results([[output]])
    write_lines(output, [answer_line("b"), answer_line("a")])
    with pytest.raises(FileChangedError, match="changed"):
        merge_results(joined, tmp_path / "merged.jsonl")
    assert not (tmp_path / "merged.jsonl").exists()


def test_progress_counts_the_bytes_of_the_answers(tmp_path: Path) -> None:
    output = write_lines(tmp_path / "out.jsonl", [answer_line(f"r{n}", text="x" * 9000) for n in range(100)])
    told: list[Progress] = []
    merge_results(join_results([[output]]), tmp_path / "merged.jsonl", on_progress=told.append)
    assert told[-1].done == told[-1].total == output.stat().st_size - 100


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(8)), st.lists(st.sampled_from(["won", "failed", "none"]), min_size=8, max_size=8))
def test_the_ids_of_the_output_are_the_ids_of_the_input(
    tmp_path: Path, order: list[int], fates: list[str]
) -> None:
    names = [f"r{number}" for number in range(8)]
    source = write_lines(tmp_path / "in.jsonl", map(request_line, names))
    lines: dict[str, Callable[[str], bytes]] = {"won": answer_line, "failed": failure_line}
    output = write_lines(
        tmp_path / "out.jsonl", [lines[fates[number]](names[number]) for number in order if fates[number] in lines]
    )
    with join_results([[output]], input_path=source) as joined:
        merged = merge_results(joined, tmp_path / "merged.jsonl", overwrite=True)
    written = [json.loads(line) for line in merged.path.read_bytes().splitlines()]
    assert [line["custom_id"] for line in written] == names
    assert [number for number, fate in enumerate(fates) if fate != "won"] == list(merged.unfinished)
