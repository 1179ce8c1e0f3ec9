"""What Inspect says of a batch as time goes by and nobody tells anything of it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from batch_tui.domain.batch import Batch
from batch_tui.domain.pace import Sample, pace_of
from batch_tui.ui.panes.overview import OverviewFacts, overview_lines, standing
from tests.support.batches import NOON, a_batch

DAY = 86_400


def told(batch: Batch, samples: list[Sample], now: float, alarms: tuple[str, ...] = ()) -> OverviewFacts:
    return OverviewFacts(batch, now=now, pace=pace_of(batch, samples, now), alarms=alarms)


def said(facts: OverviewFacts) -> str:
    return "\n".join("".join(piece.text for piece in line) for line in overview_lines(facts))


@pytest.mark.parametrize("alarms", [(), ("not moving for 30m",)])
def test_a_batch_that_stands_still_is_drawn_anew_ever_more_rarely(alarms: tuple[str, ...]) -> None:
    batch = a_batch(total=50_000, completed=31_000, created=NOON - 3600)
    moved = [Sample(NOON - 600 + 60 * n, 28_000 + 300 * n) for n in range(11)]
    polls = [told(batch, moved, NOON + 10.0 * n, alarms) for n in range(DAY // 10)]
    drawn = sum(standing(before) != standing(after) for before, after in pairwise(polls))
    assert 1 <= drawn <= 20
    assert "eta" in said(polls[0])
    assert "not moving for 23h" in said(polls[-1])
    assert "eta" not in said(polls[-1])


def test_a_batch_that_never_moved_is_drawn_anew_for_nothing_but_that() -> None:
    batch = a_batch(total=50_000, completed=0, created=NOON)
    polls = [told(batch, [Sample(NOON + 10, 0)], NOON + 10.0 * n) for n in range(1, DAY // 10)]
    assert sum(standing(before) != standing(after) for before, after in pairwise(polls)) <= 1
