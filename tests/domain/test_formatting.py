from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.formatting import (
    amount,
    day,
    duration,
    grouped,
    moment,
    money,
    named,
    narrow_day,
    percent,
    plural,
    rate,
    size,
)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (-1, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (195_000_000, "195 MB"),
        (209_715_200, "210 MB"),
        (10**12, "1.0 TB"),
        (10**16, "10000 TB"),
    ],
)
def test_sizes(count: int | None, text: str) -> None:
    assert size(count) == text


def test_names_are_told_as_far_as_a_sentence_goes() -> None:
    assert named(["a"], 2) == "a"
    assert named(["a", "b"], 2) == "a, b"
    assert named(["a", "b", "c"], 2) == "a, b and 1 more"
    assert named(["a", "b", "c", "d"], 2, "other batch") == "a, b and 2 other batches"


@given(st.integers(0, 10**15 - 10**12))
def test_a_size_never_takes_more_than_six_cells(count: int) -> None:
    assert len(size(count)) <= 6


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (9_999, "9999"),
        (10_000, "10.0k"),
        (31_204, "31.2k"),
        (50_000, "50.0k"),
        (999_949, "999.9k"),
        (999_950, "1.00M"),
        (1_200_000, "1.20M"),
        (-31_204, "-31.2k"),
    ],
)
def test_amounts(count: int, text: str) -> None:
    assert amount(count) == text


def test_grouped_counts_are_in_full() -> None:
    assert grouped(31_204) == "31,204"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-1.0, "-"),
        (float("nan"), "-"),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (545, "9m05s"),
        (3600, "1h00m"),
        (11_520, "3h12m"),
        (86_399, "23h59m"),
        (86_400, "1d00h"),
        (187_200, "2d04h"),
        (float("inf"), "999d00h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats(0, 99 * 86_400))
def test_a_duration_never_takes_more_than_six_cells(seconds: float) -> None:
    assert len(duration(seconds)) <= 6


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.0, "0%"), (0.6249, "62%"), (0.999999, "99%"), (1.0, "100%"), (1.5, "100%"), (-1.0, "0%")],
)
def test_percent_says_all_only_when_it_is_all(fraction: float, text: str) -> None:
    assert percent(fraction) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "n/a"),
        (0, "$0.00"),
        (Decimal("0.0031"), "$0.0031"),
        (Decimal("0.0999"), "$0.0999"),
        (Decimal("0.1"), "$0.10"),
        (1.2, "$1.20"),
        (999.99, "$999.99"),
        (1204, "$1,204"),
        (Decimal("0.00000225"), "<$0.0001"),
        (Decimal("0.00005"), "$0.0001"),
    ],
)
def test_money(usd: Decimal | float | None, text: str) -> None:
    assert money(usd) == text


@pytest.mark.parametrize(
    ("per_minute", "text"),
    [(None, "-"), (0.0, "0.0/min"), (0.44, "0.4/min"), (9.99, "10.0/min"), (168.4, "168/min")],
)
def test_rates(per_minute: float | None, text: str) -> None:
    assert rate(per_minute) == text


@pytest.mark.parametrize(
    ("count", "word", "text"),
    [
        (1, "request", "1 request"),
        (0, "request", "0 requests"),
        (1204, "request", "1,204 requests"),
        (1, "batch", "1 batch"),
        (7, "batch", "7 batches"),
    ],
)
def test_plurals(count: int, word: str, text: str) -> None:
    assert plural(count, word) == text


def local(year: int, month: int, date: int, hour: int = 12) -> float:
    """Unix seconds of a local time, minute 5."""
    return time.mktime((year, month, date, hour, 5, 0, 0, 0, -1))


NOW = local(2026, 11, 23)


@pytest.mark.parametrize(
    ("at", "in_full", "narrow", "with_clock"),
    [
        (local(2026, 11, 23, 9), "09:05", "09:05", "09:05"),
        (local(2026, 11, 24, 9), "09:05", "09:05+", "09:05 tomorrow"),
        (local(2026, 11, 22, 9), "22 Nov", "22 Nov", "09:05 yesterday"),
        (local(2026, 1, 1), "01 Jan", "01 Jan", "12:05 Jan 01"),
        (local(2025, 11, 23), "23 Nov 2025", "Nov'25", "12:05 Nov 23 2025"),
        (local(2027, 1, 2, 9), "02 Jan 2027", "Jan'27", "09:05 Jan 02 2027"),
        (10.0**20, "-", "-", "-"),
    ],
)
def test_a_day_of_another_year_is_written_with_its_year(
    at: float, in_full: str, narrow: str, with_clock: str
) -> None:
    assert (day(at, NOW), narrow_day(at, NOW), moment(at, NOW)) == (in_full, narrow, with_clock)


def test_a_day_that_was_never_told_is_no_day() -> None:
    assert (day(None, NOW), narrow_day(None, NOW)) == ("-", "-")


def test_the_clock_of_the_next_morning_needs_no_year_but_tells_that_it_is_another_day() -> None:
    silvester = local(2026, 12, 31, 20)
    assert narrow_day(local(2027, 1, 1, 9), silvester) == "09:05+"
    assert narrow_day(local(2026, 12, 31, 23), silvester) == "23:05"
    assert narrow_day(silvester, local(2027, 1, 1, 9)) == "20:05-"
    assert moment(local(2027, 1, 1, 9), silvester) == "09:05 tomorrow"
