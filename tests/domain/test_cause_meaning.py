from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.cause_meaning import meaning_of, meaning_of_validation
from batch_tui.domain.lines import Outcome
from batch_tui.domain.problems import Code
from batch_tui.domain.retry import can_pass_again

CODES = (
    st.sampled_from(["", "rate_limit_exceeded", "insufficient_quota", "batch_expired", "nobody_knows"]) | st.text()
)


@pytest.mark.parametrize(
    ("outcome", "status", "code", "says", "second_try"),
    [
        (Outcome.FAILED, 429, "rate_limit_exceeded", "a minute", "can pass"),
        (Outcome.FAILED, 429, "insufficient_quota", "credit", "add credit"),
        (Outcome.FAILED, 400, "context_length_exceeded", "more tokens than the model takes", "shorten the input"),
        (Outcome.FAILED, 400, "", "malformed", "correct the request"),
        (Outcome.FAILED, 400, "made_up", "malformed", "correct the request"),
        (Outcome.FAILED, 404, "", "doesn't exist", "name something else"),
        (Outcome.FAILED, 503, "", "broke at the service", "can pass"),
        (Outcome.FAILED, 0, "", "lost it", "can pass"),
        (Outcome.FAILED, 418, "", "no reason that is known", "Unchanged"),
        (Outcome.FAILED, None, "", "no reason that is known", "can pass"),
        (Outcome.NOT_RUN, None, "batch_expired", "window ended", "can pass"),
        (Outcome.NOT_RUN, None, "made_up", "never ran", "can pass"),
        (Outcome.FAILED, None, "request_failed", "only its message says why", "can pass"),
        (Outcome.MISSING, None, "", "in no result file", "can pass"),
        (Outcome.MISSING, None, "missing_required_parameter", "no usable custom_id", "give it a custom_id"),
        (Outcome.SUCCEEDED, 200, "", "answered", "nothing to send"),
    ],
)
def test_a_failure_is_explained(
    outcome: Outcome, status: int | None, code: str, says: str, second_try: str
) -> None:
    meaning = meaning_of(outcome, status, code)
    assert says in meaning.sentence
    assert second_try in meaning.second_try


@given(st.sampled_from(Outcome), st.none() | st.integers(-1, 600), CODES)
def test_it_never_promises_what_the_retry_set_leaves_out(outcome: Outcome, status: int | None, code: str) -> None:
    meaning = meaning_of(outcome, status, code)
    unmatched = outcome is Outcome.MISSING and bool(code)
    assert meaning.can_pass is (can_pass_again(outcome, status, code) and not unmatched)
    assert ("can pass" in meaning.second_try) is meaning.can_pass
    assert meaning.sentence.endswith(".")
    assert meaning.second_try.endswith(".")


def test_a_refused_queue_costs_no_retry_and_every_other_refusal_wants_a_change() -> None:
    assert meaning_of_validation(Code.TOKEN_LIMIT).can_pass
    others = [meaning_of_validation(code) for code in Code if code is not Code.TOKEN_LIMIT]
    assert not any(meaning.can_pass for meaning in others)
    assert len({meaning.sentence for meaning in others}) == len(others)
    assert meaning_of_validation("url_mismatch") == meaning_of_validation(Code.INVALID_URL)
    assert "message says why" in meaning_of_validation("nobody knows").sentence
