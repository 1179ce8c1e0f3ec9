from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.status import BatchStatus, StatusWord

KNOWN = [status for status in BatchStatus if status is not BatchStatus.UNKNOWN]


@pytest.mark.parametrize("status", KNOWN)
def test_the_services_own_words_are_known_in_any_case(status: BatchStatus) -> None:
    for word in (status.value, status.value.upper(), f" {status.value.title()} ", status.value.replace("_", "-")):
        assert StatusWord.parse(word) == StatusWord(status, word)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PROGRESS", BatchStatus.IN_PROGRESS),
        ("running", BatchStatus.IN_PROGRESS),
        ("in progress", BatchStatus.IN_PROGRESS),
        ("canceled", BatchStatus.CANCELLED),
        ("Canceling", BatchStatus.CANCELLING),
        ("queued", BatchStatus.VALIDATING),
        ("succeeded", BatchStatus.COMPLETED),
        ("error", BatchStatus.FAILED),
    ],
)
def test_other_servers_words_are_understood(word: str, status: BatchStatus) -> None:
    assert StatusWord.parse(word) == StatusWord(status, word)


@pytest.mark.parametrize("word", ["paused", "", "completed!", "終了"])
def test_a_word_nobody_knows_is_kept_and_counts_as_not_ended(word: str) -> None:
    parsed = StatusWord.parse(word)
    assert parsed == StatusWord(BatchStatus.UNKNOWN, word)
    assert parsed.status.is_active


@pytest.mark.parametrize("word", [None, 3, ["completed"], {"status": "completed"}, True, float("nan")])
def test_what_is_no_word_is_unknown(word: object) -> None:
    assert StatusWord.parse(word) == StatusWord(BatchStatus.UNKNOWN, "")


@given(st.text())
def test_any_text_is_read_and_kept(word: str) -> None:
    assert StatusWord.parse(word).raw == word


@pytest.mark.parametrize("status", BatchStatus)
def test_a_status_is_either_active_or_ended(status: BatchStatus) -> None:
    assert status.is_active is not status.is_terminal
