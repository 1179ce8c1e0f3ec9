from __future__ import annotations

from textual.events import AppBlur, AppFocus, Event, Key, MouseDown, MouseMove

from batch_tui.ui.terminal.presence import IDLE, Presence


class Somebody:
    """A presence on a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.presence = Presence(lambda: self.now)

    def after(self, seconds: float, event: Event | None = None) -> bool:
        """Whether somebody is there so much later, when this has come."""
        self.now += seconds
        if event is not None:
            self.presence.note(event)
        return self.presence.is_there


def a_mouse(kind: type[MouseDown | MouseMove]) -> MouseDown | MouseMove:
    return kind(None, 0, 0, 0, 0, 1, shift=False, meta=False, ctrl=False)


def test_a_terminal_that_tells_is_believed_however_long_no_key_comes() -> None:
    somebody = Somebody()
    assert somebody.after(0, AppFocus())
    assert somebody.after(10 * IDLE)
    assert not somebody.after(1, AppBlur())
    assert not somebody.after(0)
    assert somebody.after(1, AppFocus())


def test_whoever_presses_a_key_is_there_though_the_terminal_said_otherwise() -> None:
    somebody = Somebody()
    assert not somebody.after(1, AppBlur())
    assert somebody.after(1, Key("j", "j"))


def test_where_the_terminal_tells_nothing_a_minute_without_a_key_decides() -> None:
    somebody = Somebody()
    assert somebody.after(IDLE - 1)
    assert not somebody.after(1)
    assert somebody.after(5, Key("j", "j"))
    assert not somebody.after(IDLE)
    assert somebody.after(0, a_mouse(MouseDown))
    assert not somebody.after(IDLE, a_mouse(MouseMove))


def test_a_clock_set_back_makes_nobody_stay() -> None:
    somebody = Somebody()
    assert not somebody.after(-2 * IDLE)
