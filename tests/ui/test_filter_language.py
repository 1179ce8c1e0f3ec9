from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.batch import Batch, RequestCounts, Timestamps
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.panes.columns import BatchFacts
from batch_tui.ui.panes.filter_language import parse_filter

NOW = 1_000_000.0
EVAL = BatchFacts(
    Batch(
        id="batch_eval",
        status=BatchStatus.IN_PROGRESS,
        raw_status="in_progress",
        counts=RequestCounts(1000, 400, 12),
        times=Timestamps(created=int(NOW) - 3600, expires=int(NOW) + 1800),
        metadata={"name": "nightly eval", "team": "search"},
        model="gpt-5-mini",
        endpoint="/v1/responses",
    ),
    cost=Decimal("2.50"),
)
TAGS = BatchFacts(
    Batch(
        id="batch_tags", status=BatchStatus.FAILED, metadata={"name": "support-tags"}, times=Timestamps(created=0)
    ),
)


def _shown(text: str) -> list[str]:
    chosen = parse_filter(text)
    return [facts.batch.id for facts in (EVAL, TAGS) if chosen.matches(facts, NOW)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "both"),
        ("status:failed", "tags"),
        ("status:fail,in_pro", "both"),
        ("!status:failed", "eval"),
        ("model:MINI", "eval"),
        ("nightly", "eval"),
        ('"nightly eval"', "eval"),
        ('name:"nightly eval"', "eval"),
        ("search", "eval"),
        ("!nightly", "tags"),
        ("age<2h", "eval"),
        ("age<0h59m", "none"),
        ("age<1h00m1s", "eval"),
        ("left>0h29m", "eval"),
        ("age>2h", "tags"),
        ("age>=60", "both"),
        ("left<1h", "eval"),
        ("cost>1", "eval"),
        ("cost>$2.6", "none"),
        ("fail>0", "eval"),
        ("fail>=5", "eval"),
        ("fail>12", "none"),
        ("fail!=0", "eval"),
        ("fail>=2%", "eval"),
        ("fail>=3%", "none"),
        ("fail<3%", "eval"),
        ("done>200", "eval"),
        ("done<=412", "both"),
        ("done>412", "none"),
        ("done<50%", "both"),
        ("done>41%", "eval"),
        ("done>42%", "none"),
        ("is:active,gone", "eval"),
        ("total>=1k", "eval"),
        ("is:active", "eval"),
        ("is:problem", "both"),
        ("status:failed age>2h !nightly", "tags"),
        ("endpoint:/v1/resp", "eval"),
    ],
)
def test_a_condition_shows_what_it_says(text: str, shown: str) -> None:
    expected = {"both": ["batch_eval", "batch_tags"], "eval": ["batch_eval"], "tags": ["batch_tags"], "none": []}
    assert _shown(text) == expected[shown]
    assert parse_filter(text).mistake == ""


def test_a_share_is_compared_as_it_is_counted() -> None:
    batch = Batch(id="batch_7", counts=RequestCounts(total=200, completed=93, failed=7))
    for text in ("fail=7%", "done=50%", "fail=7", "done=100"):
        assert parse_filter(text).matches(BatchFacts(batch), NOW), text


@pytest.mark.parametrize("text", ["status:", "age<", "cost>", "!", '"', "!model:"])
def test_half_a_condition_hides_nothing(text: str) -> None:
    chosen = parse_filter(text)
    assert not chosen
    assert chosen.mistake == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("colour:red", "colour"),
        ("age<soon", "soon"),
        ("model>3", "model"),
        ("is:blue", "blue"),
        ("age<2x", "2x"),
        ("cost>5%", "5%"),
        ("age<5%", "5%"),
        ("total>50%", "50%"),
        ("fail>5%%", "5%%"),
        ("fail>%", "%"),
        ("fail>$5", "$5"),
        ("is:active,blue", "blue"),
        ("fail >= 5", ">"),
        ("nothing !=5", "="),
    ],
)
def test_what_cannot_be_understood_is_told_in_one_sentence_and_hides_nothing(text: str, word: str) -> None:
    chosen = parse_filter(text)
    assert word in chosen.mistake
    assert chosen.mistake.endswith(".")
    assert len(_shown(text)) == 2


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    chosen = parse_filter(text)
    assert isinstance(chosen.matches(EVAL, NOW), bool)
    assert chosen.mistake.isprintable()


@given(st.lists(st.sampled_from(["status:failed", "age<2h", "nightly", "cost>1", "is:active"]), min_size=1))
def test_turning_every_condition_round_never_shows_what_one_of_them_showed(tokens: list[str]) -> None:
    for facts in (EVAL, TAGS):
        holds = parse_filter(tokens[0]).matches(facts, NOW)
        assert parse_filter("!" + tokens[0]).matches(facts, NOW) is not holds
        if parse_filter(" ".join(tokens)).matches(facts, NOW):
            assert holds
