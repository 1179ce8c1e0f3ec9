from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.limits import OPENAI_LIMITS, Limits, expiry_problem, metadata_problem


def test_the_defaults_are_those_of_the_guide() -> None:
    assert (OPENAI_LIMITS.max_requests, OPENAI_LIMITS.max_bytes) == (50_000, 200 * 1024 * 1024)
    assert Limits() == OPENAI_LIMITS


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({}, None),
        ({str(n): "v" for n in range(16)}, None),
        ({str(n): "v" for n in range(17)}, "Metadata has 17 pairs; the service takes 16."),
        ({"k" * 64: "v" * 512}, None),
        ({"k" * 65: "v"}, "Metadata key 'kkkkkkkkkkkkkkkkkkkk' must have 1 to 64 characters."),
        ({"": "v"}, "Metadata key '' must have 1 to 64 characters."),
        ({"k": "v" * 513}, "Metadata value of 'k' is longer than 512 characters."),
    ],
)
def test_metadata_the_service_would_refuse_is_told_before(metadata: dict[str, str], problem: str | None) -> None:
    assert metadata_problem(metadata) == problem


@pytest.mark.parametrize(
    ("seconds", "is_fine"), [(None, True), (3_599, False), (3_600, True), (2_592_000, True), (2_592_001, False)]
)
def test_how_long_an_output_may_be_kept_is_the_services(seconds: int | None, is_fine: bool) -> None:  # noqa: FBT001
    assert (expiry_problem(seconds) is None) is is_fine
    assert expiry_problem(5, Limits(min_expires_after=5)) is None


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=4))
def test_a_problem_names_what_is_over_the_limit(metadata: dict[str, str]) -> None:
    limits = Limits(max_metadata_pairs=2, max_metadata_key=2, max_metadata_value=2)
    is_fine = len(metadata) <= 2 and all(0 < len(k) <= 2 and len(v) <= 2 for k, v in metadata.items())
    assert (metadata_problem(metadata, limits) is None) is is_fine
