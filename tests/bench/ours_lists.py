"""From a key to its picture, with ten batches and with ten thousand: on both at once, one after the other.

python -m tests.bench.ours_lists [ROUNDS]
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.bench.keys_server import PAGE
from tests.bench.ours_keys import Machine, machine

FEW, MANY = 12, 10_000
PARTS = 3
"""Of one file, at the end of the list."""
_QUIET = 0.045
"""Seconds of silence after which a picture is whole; what Inspect shows comes later, when the cursor rests."""
_LONGEST = 0.5
"""Seconds after which a key has nothing to show."""
_BETWEEN = 0.2
"""Seconds between two keys, at most."""
_NOTHING = ""
"""What is measured for no figure."""
_WORD = "run-17"
_COLUMNS = 9
"""By which rows can be sorted: then they are again by age."""

Step = tuple[str, str]
"""What a key does, and the key."""

STEPS: Sequence[Step] = (
    *[("step", "j")] * 12,
    *[("page", "\x04")] * 4,
    *[("ends", "G"), ("ends", "g")] * 2,
    (_NOTHING, "G"),
    *[("fold", "l"), ("fold", "h")] * 3,
    (_NOTHING, "g"),
    *[("mark", " ")] * 4,
    *[("mark all", "*")] * 4,
    (_NOTHING, "\x1b"),
    (_NOTHING, "/"),
    *[("filter", letter) for letter in _WORD],
    *[("backspace", "\x7f")] * len(_WORD),
    *[("filter", letter) for letter in "fail>3 r"],
    (_NOTHING, "\x1b"),
    *[("sort", "s")] * _COLUMNS,
    *[("turn", "S")] * 4,
    *[("only", "a")] * 2,
    *[("only", "!")] * 2,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one key took, in milliseconds; nothing when it showed nothing."""

    shown: float
    """From the key to the last byte of its picture."""
    worked: float
    """Of the thread that draws, by the scheduler's account: what the machine's other work doesn't lengthen."""


def press(on: Machine, key: str) -> Answer:
    """Press a key and wait for its picture."""
    while on.screen.read(0):
        pass
    before, begun, shown = _worked(on), time.monotonic(), 0.0
    on.screen.send(key)
    while select.select([on.screen.master], [], [], _QUIET if shown else _LONGEST)[0]:
        on.screen.read(0)
        shown = time.monotonic() - begun
    return Answer(shown * 1000, _worked(on) - before)


def _worked(on: Machine) -> float:
    """Milliseconds of CPU of the program's main thread so far; Linux only."""
    pid = on.screen.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e6


def _peak(on: Machine) -> float:
    """Megabytes the program had at the most."""
    lines = Path(f"/proc/{on.screen.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def scene(rounds: str = "3") -> None:
    """Measure, and tell it on stderr."""
    few, many = {"batches": FEW, "active": 3, "parts": PARTS}, {"batches": MANY, "active": 500, "parts": PARTS}
    found: dict[str, tuple[list[Answer], list[Answer]]] = {}
    random = Random(1)
    with machine(few) as one, machine(many) as other:
        other.until(lambda: other.happened("list") >= MANY // PAGE, "the whole list")
        for on in (one, other):
            on.press("2p", b"PAUSED")
            on.look(5.0 * (on is other))
        other.screen.until_still()
        for name, key in [step for _ in range(int(rounds)) for step in STEPS]:
            answers = press(one, key), press(other, key)
            for kept, answer in zip(found.setdefault(name, ([], [])), answers, strict=True):
                kept.append(answer)
            time.sleep(random.uniform(0, _BETWEEN))
        peaks = f"{_peak(one):.0f} and {_peak(other):.0f} MB"
    found.pop(_NOTHING)
    _tell(
        f"{FEW} and {MANY:,} batches: {peaks}, load {os.getloadavg()[0]:.1f}; milliseconds to the picture, of CPU"
    )
    for name, (small, large) in found.items():
        _tell(f"{name:10} {_figures(small)} | {_figures(large)} | {_ratio(small, large)} over {len(large)}")


def _figures(answers: Sequence[Answer]) -> str:
    """What was measured of the keys that showed something."""
    (shown, last), (worked, most) = ((_part(kind, 0.5), _part(kind, 0.99)) for kind in _kinds(answers))
    return f"p50 {shown:5.1f} p99 {last:5.1f}, CPU {worked:4.1f} {most:5.1f}"


def _ratio(small: Sequence[Answer], large: Sequence[Answer]) -> str:
    (few, work), (many, more) = ([_part(kind, 0.5) for kind in _kinds(answers)] for answers in (small, large))
    return f"{many / few:.2f}x, CPU {more / work:.2f}x" if few else "nothing to show with few"


def _kinds(answers: Sequence[Answer]) -> tuple[list[float], list[float]]:
    found = [answer for answer in answers if answer.shown]
    return sorted(answer.shown for answer in found), sorted(answer.worked for answer in found)


def _part(figures: Sequence[float], part: float) -> float:
    return figures[min(len(figures) - 1, int(len(figures) * part))] if figures else 0.0


def _tell(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - what it is run for


if __name__ == "__main__":
    scene(*sys.argv[1:])
