from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.errors import FileChangedError, InputFileError, OutputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.lines import Outcome
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.retry_set import write_retry_set
from tests.support.result_files import answer_line, failure_line, not_run_line, request_line, write_lines

NAMES = ["won", "busy", "bad", "expired", "lost"]


@pytest.fixture
def joined(tmp_path: Path) -> JoinedResults:
    source = write_lines(tmp_path / "in.jsonl", [b"  " + request_line(name) for name in NAMES])
    results = write_lines(
        tmp_path / "out.jsonl",
        [
            answer_line("won"),
            failure_line("busy"),
            failure_line("bad", 400, "bad_schema"),
            not_run_line("expired"),
        ],
    )
    return join_results([[results]], input_path=source)


def test_what_can_pass_is_written_as_it_stood_in_input_order(joined: JoinedResults, tmp_path: Path) -> None:
    retry = write_retry_set(joined, tmp_path / "retry.jsonl")
    expected = b"".join(b"  " + request_line(name) + b"\n" for name in ("busy", "expired", "lost"))
    assert retry.path.read_bytes() == expected
    assert retry.kept == 3


def test_permanent_failures_are_left_out_and_told(joined: JoinedResults, tmp_path: Path) -> None:
    (cause,) = write_retry_set(joined, tmp_path / "retry.jsonl").left_out
    assert (cause.outcome, cause.status_code, cause.code, cause.count) == (Outcome.FAILED, 400, "bad_schema", 1)
    assert (cause.can_pass, cause.examples) == (False, ("bad",))


def test_a_permanent_failure_told_without_a_response_is_left_out_too(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line("a"), request_line("b")])
    lines = [not_run_line("a", "context_length_exceeded"), not_run_line("b", "request_failed")]
    errors = write_lines(tmp_path / "err.jsonl", lines)
    retry = write_retry_set(join_results([[errors]], input_path=source), tmp_path / "retry.jsonl")
    assert retry.path.read_bytes() == request_line("b") + b"\n"
    assert [cause.code for cause in retry.left_out] == ["context_length_exceeded"]


def test_permanent_failures_go_too_when_asked(joined: JoinedResults, tmp_path: Path) -> None:
    retry = write_retry_set(joined, tmp_path / "retry.jsonl", include_permanent=True)
    assert (retry.kept, retry.left_out) == (4, ())


def test_only_the_rows_named_are_written_and_never_a_success(joined: JoinedResults, tmp_path: Path) -> None:
    retry = write_retry_set(joined, tmp_path / "retry.jsonl", only=frozenset({0, 2, 4, 99}))
    assert retry.path.read_bytes() == b"  " + request_line("lost") + b"\n"
    assert [cause.code for cause in retry.left_out] == ["bad_schema"]


def test_an_empty_retry_set_makes_no_file(joined: JoinedResults, tmp_path: Path) -> None:
    retry = write_retry_set(joined, tmp_path / "retry.jsonl", only=frozenset({0}))
    assert (retry.kept, retry.path.exists()) == (0, False)


def test_an_existing_file_is_never_overwritten(joined: JoinedResults, tmp_path: Path) -> None:
    destination = tmp_path / "retry.jsonl"
    destination.write_bytes(b"precious")
    with pytest.raises(OutputFileError, match="exists already"):
        write_retry_set(joined, destination)
    assert destination.read_bytes() == b"precious"


def test_without_the_input_there_is_no_retry_set(tmp_path: Path) -> None:
    joined = join_results([[write_lines(tmp_path / "err.jsonl", [failure_line("a")])]])
    with pytest.raises(InputFileError, match="input file"):
        write_retry_set(joined, tmp_path / "retry.jsonl")


def test_an_input_that_changed_meanwhile_is_not_sent(joined: JoinedResults, tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [b"  " + request_line(name) for name in reversed(NAMES)])
    with pytest.raises(FileChangedError, match="changed"):
        write_retry_set(joined, tmp_path / "retry.jsonl")
    assert [path.name for path in tmp_path.iterdir() if "retry" in path.name] == []


def test_lines_that_would_fail_the_whole_file_are_left_out(tmp_path: Path) -> None:
    lines = [request_line("a"), b'{"custom_id": 7}', request_line("a"), b"broken"]
    joined = join_results([], input_path=write_lines(tmp_path / "in.jsonl", lines))
    retry = write_retry_set(joined, tmp_path / "retry.jsonl", include_permanent=True)
    assert retry.path.read_bytes() == request_line("a") + b"\n"
    assert sum(cause.count for cause in retry.left_out) == 3


def test_a_last_line_without_newline_gets_one(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(request_line("a") + b"\r\n" + request_line("b"))
    joined = join_results([], input_path=tmp_path / "in.jsonl")
    retry = write_retry_set(joined, tmp_path / "retry.jsonl")
    assert retry.path.read_bytes() == request_line("a") + b"\r\n" + request_line("b") + b"\n"


def test_a_set_larger_than_the_buffer_is_whole(tmp_path: Path) -> None:
    lines = [request_line(f"r{number}", text="x" * 3000) for number in range(300)]
    source = write_lines(tmp_path / "in.jsonl", lines)
    told: list[Progress] = []
    retry = write_retry_set(join_results([], input_path=source), tmp_path / "retry.jsonl", on_progress=told.append)
    assert retry.path.read_bytes() == source.read_bytes()
    assert told[-1].done == told[-1].total == source.stat().st_size - 300


kinds = st.sampled_from(["none", "won", "busy", "bad", "expired"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(kinds, min_size=1, max_size=2), max_size=10), st.tuples(st.booleans(), st.booleans()))
def test_nothing_that_succeeded_is_ever_sent_again(
    tmp_path: Path,
    requests: list[list[str]],
    choice: tuple[bool, bool],
) -> None:
    include_permanent, only_even = choice
    makers: dict[str, Callable[[str], bytes]] = {
        "won": answer_line,
        "busy": failure_line,
        "bad": lambda name: failure_line(name, 400, "x"),
        "expired": not_run_line,
    }
    source = write_lines(tmp_path / "in.jsonl", [request_line(f"r{number}") for number in range(len(requests))])
    files = [
        write_lines(
            tmp_path / f"{generation}.jsonl",
            [
                makers[told[generation]](f"r{number}")
                for number, told in enumerate(requests)
                if generation < len(told) and told[generation] != "none"
            ],
        )
        for generation in range(2)
    ]
    destination = tmp_path / "retry.jsonl"
    destination.unlink(missing_ok=True)
    with join_results([[file] for file in files], input_path=source) as joined:
        only = frozenset(range(0, len(requests), 2)) if only_even else None
        retry = write_retry_set(joined, destination, include_permanent=include_permanent, only=only)
    sent = destination.read_bytes().splitlines() if retry.kept else []
    allowed = {
        request_line(f"r{number}")
        for number, told in enumerate(requests)
        if "won" not in told and (not only_even or number % 2 == 0)
    }
    assert len(sent) == retry.kept == len(set(sent))
    assert set(sent) <= allowed
    assert retry.kept + sum(cause.count for cause in retry.left_out) == len(allowed)
    if include_permanent:
        assert set(sent) == allowed
