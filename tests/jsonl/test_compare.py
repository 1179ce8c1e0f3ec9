from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.lines import Outcome
from batch_tui.jsonl.results.compare import Comparison, Difference, differences
from batch_tui.jsonl.results.join import JoinedResults, join_results
from batch_tui.jsonl.results.turns import Change
from tests.support.result_files import answer_line, failure_line, write_lines

names = st.sampled_from("abcdefgh")
kinds = st.sampled_from(["x", "y", "429", "400"])


def joined(path: Path, outcomes: dict[str, str]) -> JoinedResults:
    lines = [
        failure_line(name, int(kind)) if kind.isdigit() else answer_line(name, text=kind)
        for name, kind in outcomes.items()
    ]
    return join_results([[write_lines(path, lines)]])


def compared(folder: Path, before: dict[str, str], after: dict[str, str]) -> tuple[list[Difference], Comparison]:
    with joined(folder / "a.jsonl", before) as first, joined(folder / "b.jsonl", after) as second:
        found = list(differences(first, second))
    comparison = Comparison()
    for difference in found:
        comparison.add(difference)
    return found, comparison


def test_each_request_differs_in_one_way(tmp_path: Path) -> None:
    before = {"a": "x", "b": "x", "c": "x", "d": "429", "e": "429", "f": "400", "g": "x"}
    after = {"h": "x", "f": "400", "e": "x", "d": "400", "c": "429", "b": "y", "a": "x"}
    found, comparison = compared(tmp_path, before, after)
    assert {difference.custom_id: difference.change for difference in found} == {
        "a": Change.SAME,
        "b": Change.ANSWER,
        "c": Change.OUTCOME,
        "d": Change.OUTCOME,
        "e": Change.OUTCOME,
        "f": Change.SAME,
        "g": Change.ONLY_FIRST,
        "h": Change.ONLY_SECOND,
    }
    assert (comparison.gained, comparison.lost, comparison.common) == (1, 1, 6)
    sides = next(difference for difference in found if difference.custom_id == "c")
    assert sides.first is not None
    assert sides.second is not None
    assert (sides.first.outcome, sides.second.status_code) == (Outcome.SUCCEEDED, 429)


@given(st.dictionaries(names, kinds), st.dictionaries(names, kinds))
def test_turned_round_the_comparison_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], after: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("x")
    found, there = compared(folder, before, after)
    _, back = compared(folder, after, before)
    assert (there.gained, there.lost) == (back.lost, back.gained)
    assert (there.first_tokens, there.second_tokens) == (back.second_tokens, back.first_tokens)
    for change in (Change.SAME, Change.ANSWER, Change.OUTCOME):
        assert there.counts[change] == back.counts[change]
    assert there.counts[Change.ONLY_FIRST] == back.counts[Change.ONLY_SECOND]
    assert sorted(difference.custom_id for difference in found) == sorted({*before, *after})


@given(st.dictionaries(names, kinds))
def test_a_batch_is_the_same_as_itself(tmp_path_factory: pytest.TempPathFactory, outcomes: dict[str, str]) -> None:
    _, comparison = compared(tmp_path_factory.mktemp("x"), outcomes, outcomes)
    assert comparison.counts[Change.SAME] == len(outcomes)
