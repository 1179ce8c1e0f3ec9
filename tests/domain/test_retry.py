from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.lines import Outcome
from batch_tui.domain.retry import can_pass_again

STATUSES = st.none() | st.integers(0, 599)


@pytest.mark.parametrize(
    ("status", "code", "can_pass"),
    [
        (429, "rate_limit_exceeded", True),
        (429, "", True),
        (429, "insufficient_quota", False),
        (500, "server_error", True),
        (503, "", True),
        (408, "", True),
        (409, "", True),
        (0, "", True),
        (None, "", True),
        (None, "model_not_found", False),
        (400, "", False),
        (400, "context_length_exceeded", False),
        (400, "content_filter", False),
        (401, "invalid_api_key", False),
        (404, "model_not_found", False),
        (422, "", False),
        (200, "", False),
    ],
)
def test_a_failure_can_pass_when_it_was_the_moment(status: int | None, code: str, *, can_pass: bool) -> None:
    assert can_pass_again(Outcome.FAILED, status, code) is can_pass


@given(STATUSES, st.text())
def test_what_succeeded_is_never_sent_again(status: int | None, code: str) -> None:
    assert not can_pass_again(Outcome.SUCCEEDED, status, code)


@given(STATUSES, st.text(), st.sampled_from([Outcome.NOT_RUN, Outcome.MISSING]))
def test_what_never_ran_always_may_be_sent_again(status: int | None, code: str, outcome: Outcome) -> None:
    assert can_pass_again(outcome, status, code)
