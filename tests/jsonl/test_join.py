from __future__ import annotations

import gc
import random
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.batch import Usage
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.files import Progress
from batch_tui.domain.lines import Outcome, Span
from batch_tui.jsonl.results import join
from batch_tui.jsonl.results.columns import MAX_REASONS
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults, StrayKind
from tests.support.peak_memory import peak_memory
from tests.support.result_files import (
    answer_line,
    failure_line,
    not_run_line,
    request_line,
    result_line,
    write_lines,
)

LINES: dict[Outcome, Callable[[str], bytes]] = {
    Outcome.SUCCEEDED: answer_line,
    Outcome.FAILED: failure_line,
    Outcome.NOT_RUN: not_run_line,
}


@pytest.fixture
def small(tmp_path: Path) -> JoinedResults:
    """Five requests: success, failure, not run, missing, cut short; and one line of each stray kind."""
    source = write_lines(tmp_path / "in.jsonl", [request_line(name) for name in ("a", "b", "c", "d", "é")])
    output = write_lines(
        tmp_path / "out.jsonl",
        [
            answer_line("é", finish="length"),
            b"",
            b"not json",
            answer_line("who?"),
            answer_line("a"),
            answer_line("a"),
        ],
    )
    errors = write_lines(tmp_path / "err.jsonl", [not_run_line("c"), failure_line("b")])
    return join_results([[output, errors]], input_path=source)


def outcomes(joined: JoinedResults) -> list[Outcome]:
    return [joined.row(index).outcome for index in range(len(joined))]


def test_every_request_and_every_line_is_accounted_for(small: JoinedResults) -> None:
    summary = small.summary
    assert (summary.requests, summary.succeeded, summary.failed) == (5, 2, 1)
    assert (summary.not_run, summary.missing) == (1, 1)
    assert (summary.foreign, summary.duplicate, summary.unreadable, summary.truncated) == (1, 1, 1, 1)
    assert summary.usage == Usage(input_tokens=20, output_tokens=10, total_tokens=30)


def test_rows_stand_in_input_order_with_their_outcome(small: JoinedResults) -> None:
    rows = [small.row(index) for index in range(5)]
    assert [row.custom_id for row in rows] == ["a", "b", "c", "d", "é"]
    assert outcomes(small) == [
        Outcome.SUCCEEDED,
        Outcome.FAILED,
        Outcome.NOT_RUN,
        Outcome.MISSING,
        Outcome.SUCCEEDED,
    ]
    assert [row.status_code for row in rows] == [200, 429, None, None, 200]
    assert [row.code for row in rows] == ["", "rate_limit_exceeded", "batch_expired", "", ""]
    assert [row.message for row in rows] == ["", "Slow down.", "It did not run.", "", ""]
    assert [row.finish_reason for row in rows] == ["stop", "", "", "", "length"]
    assert [row.file for row in rows] == [0, 1, 1, -1, 0]
    assert rows[0].usage == Usage(input_tokens=10, output_tokens=5, total_tokens=15)
    assert rows[3].usage is None
    assert rows[3].result is None


def test_lines_are_given_as_they_stand_in_their_files(small: JoinedResults) -> None:
    with small:
        assert small.request_line(4) == request_line("é")
        assert small.result_line(4) == answer_line("é", finish="length")
        assert small.result_line(3) is None


def test_a_place_in_a_result_file_tells_its_row(small: JoinedResults) -> None:
    for index in (0, 1, 2, 4):
        row = small.row(index)
        assert row.result is not None
        assert small.row_at(row.file, row.result.start) == index
    assert small.row_at(0, small.stray_lines[0].span.start) is None


def test_stray_lines_are_kept_with_their_place(small: JoinedResults) -> None:
    assert [(stray.kind, stray.file, stray.line) for stray in small.stray_lines] == [
        (StrayKind.UNREADABLE, 0, 3),
        (StrayKind.FOREIGN, 0, 4),
        (StrayKind.DUPLICATE, 0, 6),
    ]
    assert small.stray_lines[0].span == Span(len(answer_line("é", finish="length")) + 2, len(b"not json"))


def test_the_way_through_bytes_changes_nothing(small: JoinedResults) -> None:
    copy = JoinedResults.from_columns(small.to_columns())
    assert [copy.row(index) for index in range(5)] == [small.row(index) for index in range(5)]
    assert copy.summary == small.summary
    assert (copy.files, copy.input_path) == (small.files, small.input_path)
    assert copy.stray_lines == small.stray_lines
    assert copy.usage_groups == small.usage_groups


def test_paths_and_ids_beyond_unicode_survive_the_way_through_bytes(tmp_path: Path) -> None:
    lone = answer_line("x").replace(b'"custom_id": "x"', b'"custom_id": "\\ud800"')
    output = write_lines(tmp_path / "out\udcff.jsonl", [lone])
    copy = JoinedResults.from_columns(join_results([[output]]).to_columns())
    assert copy.files == (output,)
    assert copy.row(0).custom_id == "\ud800"


def test_without_the_input_the_rows_are_the_ids_as_they_came(tmp_path: Path) -> None:
    output = write_lines(tmp_path / "out.jsonl", [answer_line("b"), answer_line("a"), answer_line(None)])
    errors = write_lines(tmp_path / "err.jsonl", [failure_line("c"), failure_line("a")])
    joined = join_results([[output, errors]])
    assert [joined.row(index).custom_id for index in range(3)] == ["b", "a", "c"]
    summary = joined.summary
    assert (summary.requests, summary.succeeded, summary.failed, summary.missing) == (3, 2, 1, 0)
    assert (summary.foreign, summary.duplicate) == (1, 1)
    assert joined.row(0).request is None
    assert joined.request_line(0) is None


def test_many_rows_without_an_input_all_keep_their_place(tmp_path: Path) -> None:
    names = [f"r-{number}" for number in range(3000)]
    output = write_lines(tmp_path / "out.jsonl", [result_line(name, 200, {}) for name in names])
    joined = join_results([[output]])
    assert list(joined.columns.custom_ids()) == names
    assert joined.summary.succeeded == 3000
    assert len(joined.columns.outcomes) == 3000


def test_no_result_files_at_all_leave_every_request_missing(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line("a"), request_line("b")])
    summary = join_results([], input_path=source).summary
    assert (summary.requests, summary.missing) == (2, 2)
    assert [(cause.outcome, cause.count, cause.can_pass) for cause in summary.causes] == [
        (Outcome.MISSING, 2, True)
    ]


def test_empty_files_join_to_nothing(tmp_path: Path) -> None:
    empty = write_lines(tmp_path / "empty.jsonl", [])
    joined = join_results([[empty, empty]], input_path=empty)
    assert (len(joined), joined.summary.causes) == (0, ())
    assert len(JoinedResults.from_columns(joined.to_columns())) == 0


def test_the_newest_success_wins_over_generations(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line(name) for name in ("a", "b", "c", "d")])
    first = write_lines(
        tmp_path / "1.jsonl",
        [answer_line("a", text="old"), answer_line("b", text="old"), failure_line("c"), not_run_line("d")],
    )
    second = write_lines(
        tmp_path / "2.jsonl",
        [answer_line("a", text="new"), failure_line("b"), answer_line("c", text="new"), failure_line("d", 500)],
    )
    joined = join_results([[first], [second]], input_path=source)
    assert joined.result_line(0) == answer_line("a", text="new")
    assert joined.result_line(1) == answer_line("b", text="old")
    assert joined.result_line(2) == answer_line("c", text="new")
    assert (joined.row(3).outcome, joined.row(3).status_code, joined.row(3).file) == (Outcome.FAILED, 500, 1)
    assert joined.summary.duplicate == 0


def test_a_newer_answer_replaces_an_older_failure_even_when_it_never_ran(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "1.jsonl", [failure_line("a")])
    second = write_lines(tmp_path / "2.jsonl", [not_run_line("a")])
    assert outcomes(join_results([[first], [second]])) == [Outcome.NOT_RUN]


def test_of_two_answers_in_one_generation_the_better_counts(tmp_path: Path) -> None:
    output = write_lines(tmp_path / "out.jsonl", [answer_line("a"), failure_line("b"), not_run_line("c")])
    errors = write_lines(tmp_path / "err.jsonl", [failure_line("a"), answer_line("b"), failure_line("c")])
    joined = join_results([[output, errors]])
    assert outcomes(joined) == [Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.FAILED]
    assert joined.summary.duplicate == 3


def test_input_lines_that_share_an_id_share_the_answer(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line("a"), request_line("b"), request_line("a")])
    output = write_lines(tmp_path / "out.jsonl", [answer_line("a")])
    joined = join_results([[output]], input_path=source)
    assert outcomes(joined) == [Outcome.SUCCEEDED, Outcome.MISSING, Outcome.SUCCEEDED]
    assert joined.row(2).result == joined.row(0).result


def test_input_lines_without_a_usable_id_are_rows_that_nothing_can_answer(tmp_path: Path) -> None:
    odd = [b'{"custom_id":7}', b"", b"broken", b'{"custom_id":""}', b"   ", request_line("a")]
    source = write_lines(tmp_path / "in.jsonl", odd)
    output = write_lines(tmp_path / "out.jsonl", [answer_line("a"), answer_line("")])
    joined = join_results([[output]], input_path=source)
    assert [joined.row(index).custom_id for index in range(4)] == ["", "", "", "a"]
    (cause,) = joined.summary.causes
    assert (cause.outcome, cause.count, cause.can_pass) == (Outcome.MISSING, 3, False)
    assert joined.summary.foreign == 1


def test_of_two_ids_in_one_line_the_last_counts_as_in_every_json_reader(tmp_path: Path) -> None:
    twice = request_line("a").replace(b'"method"', b'"custom_id": "b", "method"')
    source = write_lines(tmp_path / "in.jsonl", [request_line("c"), twice])
    joined = join_results(
        [[write_lines(tmp_path / "out.jsonl", [answer_line("b"), answer_line("c")])]], input_path=source
    )
    assert [joined.row(index).custom_id for index in range(2)] == ["c", "b"]
    assert (joined.summary.succeeded, joined.summary.foreign) == (2, 0)


def test_a_line_that_breaks_off_after_its_id_has_none(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line("a"), request_line("b")[:-9]])
    joined = join_results([[write_lines(tmp_path / "out.jsonl", [answer_line("a")])]], input_path=source)
    assert [joined.row(index).custom_id for index in range(2)] == ["a", ""]


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [b"\xef\xbb\xbf" + request_line("a"), request_line("b")])
    output = write_lines(tmp_path / "out.jsonl", [b"\xef\xbb\xbf" + answer_line("a")])
    joined = join_results([[output]], input_path=source)
    assert joined.request_line(0) == request_line("a")
    assert joined.request_line(1) == request_line("b")
    assert joined.result_line(0) == answer_line("a")


def test_line_ends_inside_json_and_at_the_end_split_nothing(tmp_path: Path) -> None:
    odd = request_line("a", text="\u2028\u0085\x0c")
    (tmp_path / "in.jsonl").write_bytes(odd + b"\r\n" + request_line("b"))
    joined = join_results([], input_path=tmp_path / "in.jsonl")
    assert joined.request_line(0) == odd + b"\r"
    assert joined.request_line(1) == request_line("b")


def test_failures_group_by_status_code_and_normalised_message(tmp_path: Path) -> None:
    messages = [f"Limit {n},000 reached, retry in {n}ms (request id req_{n}abc)." for n in range(1, 6)]
    lines = [failure_line(f"id-{n}", message=text) for n, text in enumerate(messages)]
    lines += [failure_line("other", 500, "server_error", "Sorry."), failure_line("z", 400, None, "Bad schema.")]
    joined = join_results([[write_lines(tmp_path / "err.jsonl", lines)]])
    causes = joined.summary.causes
    assert [(cause.count, cause.status_code, cause.code, cause.can_pass) for cause in causes] == [
        (5, 429, "rate_limit_exceeded", True),
        (1, 500, "server_error", True),
        (1, 400, "some_error", False),
    ]
    assert causes[0].examples == ("id-0", "id-1", "id-2")
    assert list(joined.cause_rows(causes[0])) == [0, 1, 2, 3, 4]
    assert list(joined.cause_rows(causes[2])) == [6]


def test_messages_without_end_do_not_become_groups_without_end(tmp_path: Path) -> None:
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(MAX_REASONS + 500)]
    lines = [failure_line(word, message=word) for word in words]
    joined = join_results([[write_lines(tmp_path / "err.jsonl", lines)]])
    assert joined.summary.causes[0].count == 500
    assert len(joined.summary.causes) == MAX_REASONS + 1


def test_tokens_are_summed_by_model_and_tier(tmp_path: Path) -> None:
    lines = [
        answer_line("a", model="x"),
        answer_line("b", model="x"),
        answer_line("c", model="y"),
        failure_line("d"),
    ]
    groups = join_results([[write_lines(tmp_path / "out.jsonl", lines)]]).usage_groups
    assert [(group.model, group.service_tier, group.requests, group.usage.total_tokens) for group in groups] == [
        ("x", "default", 2, 30),
        ("y", "default", 1, 15),
    ]


def test_a_row_outlives_its_file(small: JoinedResults) -> None:
    small.files[1].unlink()
    row = small.row(1)
    assert (row.outcome, row.code, row.message) == (Outcome.FAILED, "rate_limit_exceeded", "")
    with pytest.raises(InputFileError, match="does not exist"):
        small.result_line(1)


def test_a_long_message_is_clipped_in_its_row(tmp_path: Path) -> None:
    joined = join_results([[write_lines(tmp_path / "err.jsonl", [failure_line("a", message="x" * 100_000)])]])
    assert len(joined.row(0).message) == 500


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="gone"):
        join_results([[tmp_path / "gone.jsonl"]])


def test_progress_counts_the_bytes_of_all_files(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", [request_line("a")])
    output = write_lines(tmp_path / "out.jsonl", [answer_line("a")])
    total = source.stat().st_size + output.stat().st_size
    told: list[Progress] = []
    join_results([[output]], input_path=source, on_progress=told.append)
    assert [progress.total for progress in told] == [total] * len(told)
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert told[-1].done == total


scenarios = st.lists(
    st.tuples(
        st.booleans(),  # is it in the input?
        st.lists(st.sampled_from([None, *LINES]), min_size=1, max_size=3),  # its line in each generation
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenarios, st.integers(0, 2**32))
def test_no_row_is_lost_whatever_order_the_answers_come_in(
    tmp_path: Path, requests: list[tuple[bool, list[Outcome | None]]], seed: int
) -> None:
    names = [f"r{number}" for number in range(len(requests))]
    known = [name for name, (is_known, _) in zip(names, requests, strict=True) if is_known]
    source = write_lines(tmp_path / "in.jsonl", map(request_line, known))
    shuffled = random.Random(seed)
    generations: list[list[Path]] = []
    for generation in range(3):
        files: list[list[bytes]] = [[], []]
        for name, (_, told) in zip(names, requests, strict=True):
            outcome = told[generation] if generation < len(told) else None
            if outcome is not None:
                files[shuffled.randrange(2)].append(LINES[outcome](name))
        paths: list[Path] = []
        for number, lines in enumerate(files):
            shuffled.shuffle(lines)
            paths.append(write_lines(tmp_path / f"{generation}{number}.jsonl", lines))
        generations.append(paths)
    joined = join_results(generations, input_path=source)
    expected = [expected_outcome(told) for is_known, told in requests if is_known]
    assert [joined.row(index).custom_id for index in range(len(joined))] == known
    assert outcomes(joined) == expected
    summary = joined.summary
    assert summary.succeeded + summary.failed + summary.not_run + summary.missing == summary.requests == len(known)
    assert sum(cause.count for cause in summary.causes) == summary.requests - summary.succeeded
    assert summary.foreign == sum(
        sum(outcome is not None for outcome in told) for is_known, told in requests if not is_known
    )
    joined.close()


def expected_outcome(told: list[Outcome | None]) -> Outcome:
    """The newest success, else the newest answer, else missing."""
    answers = [outcome for outcome in told if outcome is not None]
    if Outcome.SUCCEEDED in answers:
        return Outcome.SUCCEEDED
    return answers[-1] if answers else Outcome.MISSING


IMPORTS = """
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.retry_set import write_retry_set
folder = Path(sys.argv[1])
"""
WORK = """
joined = join_results([[folder / "out.jsonl"]], input_path=folder / "in.jsonl")
write_retry_set(joined, folder / "retry.jsonl")
assert joined.summary.requests == 4000
"""


def test_a_join_holds_no_answer_in_memory(tmp_path: Path) -> None:
    text = "x" * 10_000
    write_lines(tmp_path / "in.jsonl", (request_line(f"request-{n}", text=text) for n in range(4000)))
    write_lines(
        tmp_path / "out.jsonl",
        (answer_line(f"request-{n}", text=text) if n % 4 else failure_line(f"request-{n}") for n in range(4000)),
    )
    # 70 MB of text went through; what stays is columns and buffers.
    assert peak_memory(IMPORTS, WORK, str(tmp_path)).grown < 12_000_000


def test_a_line_too_long_for_the_memory_is_one_unreadable_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join, "MAX_LINE_BYTES", 1000)
    lines = [answer_line("a"), answer_line("long", text="x" * 600_000), answer_line("b")]
    joined = join_results([[write_lines(tmp_path / "out.jsonl", lines)]])
    assert [joined.row(index).custom_id for index in range(len(joined))] == ["a", "b"]
    assert [(stray.kind, stray.line) for stray in joined.stray_lines] == [(StrayKind.UNREADABLE, 2)]
    assert joined.result_line(1) == lines[2]


def test_a_join_that_nobody_holds_lets_go_of_its_files_in_silence_even_in_a_ring(
    small: JoinedResults, tmp_path: Path
) -> None:
    (tmp_path / "early").touch()
    early = (tmp_path / "early").open("rb", buffering=0)  # the collector comes to what is older first
    joined = JoinedResults(small.columns, files=small.files, input_path=small.input_path, strays=small.strays)
    joined.result_line(0)
    joined._open[tmp_path / "early"] = early
    ring: list[object] = [joined]
    ring.append(ring)
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        del joined, early, ring
        gc.collect()
    assert complaints == []
