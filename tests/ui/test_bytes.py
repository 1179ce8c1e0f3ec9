"""What the widgets send to a terminal, counted on a real pty at 120x36 with 256 colours."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.terminal import Terminal, program

F9 = "\x1b[20~"
BUDGET = {
    "nothing": 0,
    "poll-without-change": 0,
    "refresh-asked": 0,
    "hidden-row": 0,
    "one-row": 400,
    "cursor": 600,
    "message": 600,
    "focus": 600,
    "confirm": 1200,
    "decline": 1200,
    "thirty-rows": 8000,
    "page": 10_000,
}


@pytest.fixture(scope="module")
def spent() -> Iterator[dict[str, int]]:
    """Bytes of each event, measured once, one after the other on one screen of 10,000 batches."""
    events = ["nothing", *BUDGET]
    with program(["-m", "tests.support.byte_app", "10000", *events]) as terminal:
        terminal.until("ready")
        yield {event: _bytes_of(event, terminal) for event in events}


def _bytes_of(event: str, terminal: Terminal) -> int:
    terminal.send(F9)
    return len(terminal.until(event))


def test_the_mouse_moving_over_the_screen_sends_nothing() -> None:
    with program(["-m", "tests.support.byte_app", "100", "nothing"]) as terminal:
        terminal.until("ready")
        terminal.send("".join(f"\x1b[<35;{x};{x // 4}M" for x in range(4, 120, 3)) + F9)
        assert terminal.until("nothing") == b""


@pytest.mark.parametrize("event", BUDGET)
def test_an_event_costs_no_more_than_its_budget(event: str, spent: dict[str, int]) -> None:
    assert spent[event] <= BUDGET[event]


@pytest.mark.parametrize("event", [event for event, budget in BUDGET.items() if budget])
def test_an_event_that_shows_something_is_really_counted(event: str, spent: dict[str, int]) -> None:
    assert spent[event] > 20


def test_with_no_color_nothing_but_bold_dim_reverse_and_underline_is_sent() -> None:
    events = ["one-row", "cursor", "focus", "confirm"]
    environ = {"NO_COLOR": "1"}
    with program(["-m", "tests.support.byte_app", "100", *events], environ=environ) as terminal:
        terminal.until("ready")
        for event in events:
            terminal.send(F9)
            codes = re.findall(rb"\x1b\[([\d;]*)m", terminal.until(event))
            assert codes
            assert {part for code in codes for part in code.split(b";")} <= {b"0", b"1", b"2", b"4", b"7"}
