from __future__ import annotations

import argparse

import pytest

from batch_tui.cli.arguments import add_profile, pair, positive, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800), (" 1h ", 3600)],
)
def test_spans_of_time_are_read_with_their_unit(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "h", "-5", "1.5h", "2 weeks", "1hh"])
def test_a_span_nobody_can_read_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write 90s, 15m, 2h or 7d"):
        seconds(text)


def test_a_pair_keeps_equal_signs_of_its_value() -> None:
    assert pair("filter=a=b") == ("filter", "a=b")


@pytest.mark.parametrize("text", ["", "novalue", "=x"])
def test_a_pair_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        pair(text)


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.0", ""])
def test_a_count_below_one_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        positive(text)


def test_the_profile_may_stand_before_or_behind_the_verb() -> None:
    parser = argparse.ArgumentParser()
    add_profile(parser)
    sub = parser.add_subparsers().add_parser("list")
    add_profile(sub)
    assert parser.parse_args(["--profile", "a", "list"]).profile == "a"
    assert parser.parse_args(["list", "--profile", "b"]).profile == "b"
    assert not hasattr(parser.parse_args(["list"]), "profile")
