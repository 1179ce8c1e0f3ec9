"""What the real screen with 500 active batches sends, counted on a real pty at 120x36 with 256 colours."""

from __future__ import annotations

import pytest

from tests.support.terminal import Terminal, program

F9 = "\x1b[20~"
BUDGET = {
    "ready": 16_000,
    "one-row": 400,
    "row-and-clock": 400,
    "still-minute": 0,
    "nothing": 0,
    "down": 600,
    "rest": 1_800,
    "cancel": 5_000,
    "back": 5_000,
    "thirty-rows": 8_000,
    "new-batch": 8_000,
    "outage": 800,
    "offline-hour": 60 * 400,
}
"""Bytes of each event, in the order they are performed: ``ready`` is the whole start, an empty screen and then
the list that came; ``rest`` is Inspect following the cursor,
``row-and-clock`` a row that changed together with what the header says: requests under way and the minute.
An hour without the service is sixty times its age, and six times the ages of the rows."""
WARM_UP = ("down", "rest", "one-row")


@pytest.fixture(scope="module")
def spent() -> dict[str, int]:
    """Bytes of each event, one after the other on one screen; the first round warms the screen up."""
    events = [
        *WARM_UP,
        "one-row",
        *(event for event in [*BUDGET][1:] for _ in range(1 + (event == "still-minute"))),
    ]
    with program(["-m", "tests.support.cockpit_bytes", "500", *events]) as terminal:
        start = {"ready": len(terminal.until("ready"))}
        return start | {event: _bytes_of(event, terminal) for event in events}


def _bytes_of(event: str, terminal: Terminal) -> int:
    terminal.send(F9)
    return len(terminal.until(event))


@pytest.mark.parametrize("event", BUDGET)
def test_an_event_costs_no_more_than_its_budget(event: str, spent: dict[str, int]) -> None:
    assert spent[event] <= BUDGET[event]


@pytest.mark.parametrize("event", [event for event, budget in BUDGET.items() if budget and event != "back"])
def test_an_event_that_shows_something_is_really_counted(event: str, spent: dict[str, int]) -> None:
    assert spent[event] > 20
