from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from batch_tui.ui.terminal.facts import RESTORE_TITLE
from batch_tui.ui.terminal.writer import PatientWriter

ROOM = 4096
PICTURE = "x" * 3000
ENOUGH = 60.0


@dataclass
class Line:
    """A pipe that is a slow terminal: it takes what fits into it, until it is read."""

    source: int
    sink: int
    drained: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    taken: bytes = b""
    reader: threading.Thread | None = None
    is_closed: bool = False

    def stop_taking(self) -> None:
        """Like Ctrl-S: what the pipe holds is all it takes."""
        os.set_blocking(self.sink, False)
        with suppress(BlockingIOError):
            while True:
                os.write(self.sink, b"-" * 4096)
        os.set_blocking(self.sink, True)

    def writer(self) -> PatientWriter:
        made = PatientWriter(self.sink, drained=self.drained.set, lost=self.lost.set, room=ROOM)
        made.start()
        return made

    def read(self, count: int) -> bytes:
        while len(self.taken) < count:
            self.taken += os.read(self.source, 65_536)
        return self.taken

    def drain(self) -> None:
        """Take all that comes, until the other end is closed."""

        def work() -> None:
            while data := os.read(self.source, 65_536):
                self.taken += data

        self.reader = threading.Thread(target=work)
        self.reader.start()

    def close(self) -> bytes:
        """The program has ended; gives all that came."""
        self.is_closed = True
        os.close(self.sink)
        if self.reader is not None:
            self.reader.join()
        os.close(self.source)
        return self.taken

    def fill(self, writer: PatientWriter) -> int:
        """Write pictures until they find no room; gives how many."""
        for count in range(10):
            if writer.is_behind:
                return count
            writer.write(PICTURE)
        raise AssertionError


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line(*os.pipe())
    yield made
    if not made.is_closed:
        made.close()


def test_all_is_written_in_order_to_a_terminal_that_takes_it(line: Line) -> None:
    writer = line.writer()
    for number in range(10):
        writer.write(f"{number},")
    assert writer.stop(ENOUGH)
    assert line.read(20) == b"0,1,2,3,4,5,6,7,8,9,"
    assert not line.drained.is_set()


def test_fault_67_view_a_full_terminal_blocks_nobody_and_is_drawn_anew_once_it_drains(line: Line) -> None:
    line.stop_taking()
    writer = line.writer()
    written = line.fill(writer)
    writer.write(PICTURE)
    assert not line.drained.is_set()
    line.drain()
    assert line.drained.wait(ENOUGH)
    assert not writer.is_behind
    assert writer.stop(ENOUGH)
    assert line.close().count(b"x") < written * len(PICTURE), "what was out of date is not sent"


def test_fault_67_view_what_sets_the_terminal_is_never_dropped(line: Line) -> None:
    line.stop_taking()
    writer = line.writer()
    line.fill(writer)
    writer.write("\x1b[?2026h")
    writer.write("\x1b[?1000l")
    writer.write("\x1b]0;title\x07")
    writer.write(RESTORE_TITLE)
    line.drain()
    assert writer.stop(ENOUGH, ENOUGH)
    taken = line.close()
    assert taken.endswith(b"\x1b[?1000l\x1b]0;title\x07" + RESTORE_TITLE.encode())
    assert b"2026" not in taken


def test_fault_67_view_the_end_does_not_wait_for_a_terminal_that_takes_nothing(line: Line) -> None:
    line.stop_taking()
    writer = line.writer()
    writer.write("\x1b[?1000l")
    line.fill(writer)
    assert not writer.stop(patience=0.01, at_most=0.05)
    writer.write("too late")
    line.drain()
    writer.join(ENOUGH)
    assert b"too late" not in line.close()


def test_fault_64_view_a_terminal_that_is_gone_is_told_once() -> None:
    source, sink = os.pipe()
    os.close(source)
    line = Line(source, sink)
    writer = line.writer()
    writer.write("x")
    assert line.lost.wait(ENOUGH)
    writer.write("y")
    assert writer.stop(ENOUGH)
    os.close(sink)


def test_characters_the_terminal_has_not_become_question_marks(line: Line) -> None:
    writer = PatientWriter(line.sink, encoding="ascii", drained=line.drained.set, lost=line.lost.set)
    writer.start()
    writer.write("a✓\udcffb")
    assert writer.stop(ENOUGH)
    assert line.read(4) == b"a??b"
