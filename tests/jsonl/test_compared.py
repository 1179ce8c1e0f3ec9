"""Two batches compared in columns, against the plain definition of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_tui.domain.errors import ConditionError, FileChangedError
from batch_tui.domain.files import Progress
from batch_tui.jsonl.results.compare import Comparison, differences
from batch_tui.jsonl.results.compared import ComparedResults, compare_results
from batch_tui.jsonl.results.join import JoinedResults, join_results
from batch_tui.jsonl.results.turns import Turn
from tests.support.result_files import answer_line, failure_line, not_run_line, request_line, write_lines

kinds = st.sampled_from(["x", "y", "429", "400", "expired", "silent"])
batches = st.dictionaries(st.sampled_from("abcdefgh"), kinds)
IN_MEMORY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def joined(folder: Path, name: str, outcomes: dict[str, str], *, has_input: bool = True) -> JoinedResults:
    """A batch with these requests, ``silent`` ones without any answer."""
    lines = {key: kind for key, kind in outcomes.items() if kind != "silent"}
    output = write_lines(folder / f"{name}.jsonl", [line_of(key, kind) for key, kind in lines.items()])
    source = write_lines(folder / f"{name}.in", map(request_line, outcomes)) if has_input else None
    return join_results([[output]], input_path=source)


def line_of(custom_id: str, kind: str) -> bytes:
    if kind == "expired":
        return not_run_line(custom_id)
    return failure_line(custom_id, int(kind)) if kind.isdigit() else answer_line(custom_id, text=kind)


def naive(before: dict[str, str], after: dict[str, str]) -> dict[str, Turn]:
    """How each request turned out, told from what was answered."""
    turns: dict[str, Turn] = {}
    before = {key: kind for key, kind in before.items() if kind != "silent"}
    after = {key: kind for key, kind in after.items() if kind != "silent"}
    for key in (*before, *(key for key in after if key not in before)):
        if key not in after:
            turns[key] = Turn.ONLY_FIRST
        elif key not in before:
            turns[key] = Turn.ONLY_SECOND
        elif before[key] == after[key]:
            turns[key] = Turn.SAME
        else:
            was_good, is_good = before[key] in "xy", after[key] in "xy"
            by_good = {(True, True): Turn.ANSWER, (True, False): Turn.LOST, (False, True): Turn.GAINED}
            turns[key] = by_good.get((was_good, is_good), Turn.FAILURE)
    return turns


def listed(compared: ComparedResults, condition: str, *hidden: Turn) -> list[str]:
    return [compared.custom_id(place) for place in compared.select(condition, hidden=frozenset(hidden))]


@IN_MEMORY
@given(batches, batches, st.tuples(st.booleans(), st.booleans()))
def test_every_request_turns_out_as_the_plain_definition_says_with_an_input_or_without(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], has_inputs: tuple[bool, bool]
) -> None:
    with (
        joined(tmp_path, "a", before, has_input=has_inputs[0]) as first,
        joined(tmp_path, "b", after, has_input=has_inputs[1]) as second,
    ):
        compared = compare_results(first, second)
        expected = naive(before, after)
        found = {compared.custom_id(place): compared.turn(place) for place in range(len(compared))}
        assert (found, list(found)) == (expected, list(expected))
        for place in range(len(compared)):
            for row, side in zip(compared.rows(place), (first, second), strict=True):
                assert row is None or side.columns.custom_id(row) == compared.custom_id(place)
        counted = Comparison()
        for difference in differences(first, second):
            counted.add(difference)
        assert compared.comparison == counted
        assert compared.counts == {turn: list(expected.values()).count(turn) for turn in Turn}


@IN_MEMORY
@given(batches, batches, st.sampled_from(["status:429", "code:batch_expired", "outcome:succeeded", "id:a"]))
def test_a_word_holds_on_either_side_and_turned_round_on_neither(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], condition: str
) -> None:
    with joined(tmp_path, "a", before) as first, joined(tmp_path, "b", after) as second:
        compared = compare_results(first, second)
        held = {joined_.columns.custom_id(row) for joined_ in (first, second) for row in joined_.select(condition)}
        every = [compared.custom_id(place) for place in range(len(compared))]
        assert listed(compared, condition) == [key for key in every if key in held]
        assert listed(compared, f"!{condition}") == [key for key in every if key not in held]
        assert listed(compared, f"{condition} !{condition}") == []


@pytest.fixture
def compared(tmp_path: Path) -> ComparedResults:
    before = {"s": "x", "a": "x", "l": "x", "g": "429", "f": "429", "o": "x"}
    after = {"s": "x", "a": "y", "l": "400", "g": "x", "f": "400", "n": "x"}
    return compare_results(joined(tmp_path, "a", before), joined(tmp_path, "b", after))


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("", "algfon"),
        ("change:answer", "a"),
        ("change:gained,lost", "lg"),
        ("change:outcome", "lgf"),
        ("change=outcome !change=lost", "gf"),
        ("change!=outcome", "saon"),
        ("change:only", "on"),
        ("change:same", "s"),
        ("status:429 change:outcome", "gf"),
        ("status!=429,400", "aon"),
        ("out>4 change:only", "on"),
    ],
)
def test_what_differs_is_found_by_how_it_does(compared: ComparedResults, condition: str, ids: str) -> None:
    assert listed(compared, condition, Turn.SAME) == list(ids)


def test_only_a_comparison_knows_changes_and_says_what_they_can_be(compared: ComparedResults) -> None:
    with pytest.raises(ConditionError, match="change is never worse; it is one of same, answer, gained, outcome"):
        compared.select("change:worse")
    with pytest.raises(ConditionError, match="There is no field change"):
        compared.first.select("change:answer")


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    heard: list[Progress] = []
    first, second = joined(tmp_path, "a", {"a": "x", "b": "429"}), joined(tmp_path, "b", {"a": "y", "c": "x"})
    compare_results(first, second, on_progress=heard.append)
    assert (
        heard[-1].done == heard[-1].total == sum(path.stat().st_size - 2 for path in (*first.files, *second.files))
    )


def test_a_file_that_was_replaced_meanwhile_is_not_compared(tmp_path: Path) -> None:
    first, second = joined(tmp_path, "a", {"a": "x", "b": "x"}), joined(tmp_path, "b", {"a": "x", "b": "y"})
    write_lines(first.files[0], [answer_line("b", text="x"), answer_line("a", text="x")])
    with pytest.raises(FileChangedError):
        compare_results(first, second)
