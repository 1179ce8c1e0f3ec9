from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.errors import ConditionError
from batch_tui.jsonl.results.columns import Columns
from batch_tui.jsonl.results.filters import Condition, Term
from batch_tui.jsonl.results.join import join_results
from batch_tui.jsonl.results.joined import JoinedResults
from tests.support.result_files import (
    answer_line,
    failure_line,
    not_run_line,
    request_line,
    result_line,
    write_lines,
)

NAMES = ["req-0", "req-1", "REQ-2", "other 3", "doc:4", "req-5", "müller-6"]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> JoinedResults:
    folder = tmp_path_factory.mktemp("filters")
    source = write_lines(folder / "in.jsonl", map(request_line, NAMES))
    usage = {"prompt_tokens": 1000, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 512}}
    lines = [
        answer_line("req-0"),
        answer_line("req-1", finish="length", model="gpt-5-mini"),
        failure_line("REQ-2"),
        failure_line("other 3", 503, "service_unavailable", "The engine is overloaded, 3 ahead."),
        failure_line("doc:4", 400, "context_length_exceeded", "Too long."),
        not_run_line("req-5"),
        result_line("müller-6", 200, {"usage": usage, "service_tier": "flex"}),
    ]
    return join_results(
        [[write_lines(folder / "out.jsonl", lines[:3]), write_lines(folder / "err.jsonl", lines[3:])]],
        input_path=source,
    )


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6]),
        ("   ", [0, 1, 2, 3, 4, 5, 6]),
        ("status:429", [2]),
        ("status=429", [2]),
        ("status>=400", [2, 3, 4]),
        ("status>429", [3]),
        ("status<400", [0, 1, 6]),
        ("status<=400", [0, 1, 4, 6]),
        ("status!=200", [2, 3, 4, 5]),
        ("status:429,503", [2, 3]),
        ("status:4xx", [2, 4]),
        ("status:4xx,503", [2, 3, 4]),
        ("status!=4xx", [0, 1, 3, 5, 6]),
        ("status!=200,429", [3, 4, 5]),
        ("!status:4xx", [0, 1, 3, 5, 6]),
        ("outcome:succeeded", [0, 1, 6]),
        ("outcome:failed", [2, 3, 4]),
        ("outcome=not_run", [5]),
        ("-outcome:failed", [0, 1, 5, 6]),
        ("OUTCOME:Failed", [2, 3, 4]),
        ("outcome:failed,not_run", [2, 3, 4, 5]),
        ("outcome:missing", []),
        ("code:rate_limit", [2]),
        ("code=rate_limit", []),
        ("code=rate_limit_exceeded", [2]),
        ("code:LIMIT,context", [2, 4]),
        ('message:"engine is overloaded"', [3]),
        ("message:overloaded", [3]),
        ('message:"overloaded, N"', [3]),
        ("finish:length", [1]),
        ("finish=stop", [0]),
        ("finish!=stop", [1, 2, 3, 4, 5, 6]),
        ("finish:", [0, 1, 2, 3, 4, 5, 6]),
        ("model:gpt-5", [1]),
        ("tier:flex", [6]),
        ("tokens>1000", [6]),
        ("tokens>15", [6]),
        ("tokens>=15", [0, 1, 6]),
        ("tokens<100", [0, 1]),
        ("tokens:15", [0, 1]),
        ("tokens!=15", [6]),
        ("!tokens>15", [0, 1]),
        ("in:1_000", [6]),
        ("out:5,7", [0, 1, 6]),
        ("cached>0", [6]),
        ("reasoning>0", []),
        ("retry:yes", [2, 3, 5]),
        ("retry:no", [4]),
        ("!retry:yes", [0, 1, 4, 6]),
        ("req-", [0, 1, 2, 5]),
        ("id:req-", [0, 1, 2, 5]),
        ("id=req-2", []),
        ("id=REQ-2", [2]),
        ("id=REQ-2,req-5", [2, 5]),
        ("id!=REQ-2", [0, 1, 3, 4, 5, 6]),
        ("!req", [3, 4, 6]),
        ('"other 3"', [3]),
        ('"doc:4"', [4]),
        ('id:"doc:4","other 3"', [3, 4]),
        ("MÜLLER", []),
        ("müller", [6]),
        ("0r", []),
        ("status>=400 code:rate_limit", [2]),
        ("retry:yes status>=500", [3]),
        ("req tokens>1", [0, 1]),
        ("outcome:failed !other", [2, 4]),
        ("status>=400 id=REQ-2", [2]),
    ],
)
def test_a_condition_selects_its_rows(joined: JoinedResults, condition: str, rows: list[int]) -> None:
    assert list(joined.select(condition)) == rows


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("doc:17", "no field doc"),
        ("status:oops", "oops is no number"),
        ("status>4xx", "4xx is no number"),
        ("tokens:", "Nothing is no number"),
        ("tokens>" + "9" * 5000, "is no number"),
        ("tokens:²", "is no number"),
        ("code>5", "can't be compared"),
        ("outcome:exploded", "never exploded"),
        ("retry:maybe", "never maybe"),
        ('message:"open', "not closed"),
        ('"', "not closed"),
    ],
)
def test_a_condition_that_makes_no_sense_is_one_sentence(condition: str, said: str) -> None:
    with pytest.raises(ConditionError, match=said):
        Condition.parse(condition)


def test_words_are_read_into_terms() -> None:
    assert Condition.parse('!code:"a b",c status>=400 x').terms == (
        Term("code", ":", ("a b", "c"), is_negated=True),
        Term("status", ">=", ("400",)),
        Term("id", ":", ("x",)),
    )


@given(st.lists(st.text("abB", max_size=4), max_size=12), st.text("abB", max_size=3))
def test_ids_are_found_like_one_by_one(ids: list[str], wanted: str) -> None:
    columns = Columns()
    for custom_id in ids:
        columns.add_id(custom_id)
    columns.fit(len(ids))
    part = Condition((Term("id", ":", (wanted,)),))
    assert list(part.rows(columns)) == [row for row, name in enumerate(ids) if wanted.lower() in name.lower()]
    if wanted:
        whole = Condition((Term("id", "=", (wanted,)),))
        assert list(whole.rows(columns)) == [row for row, name in enumerate(ids) if wanted == name]


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_a_condition(text: str) -> None:
    try:
        Condition.parse(text).rows(Columns())
    except ConditionError as error:
        assert str(error).endswith((".", "400."))  # noqa: PT017 - not every text is an error
