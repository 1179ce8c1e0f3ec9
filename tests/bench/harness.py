"""Measures contenders against each other: CPU seconds in fresh processes, interleaved, the least of all rounds.

Ratios within one run are what counts: the machine, its noise and its caches are then the same for all. What is
held against a limit is measured until more rounds bring nothing better: with other programs about, the least of
a few is luck.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.support.peak_memory import PEAK

_CHILD = f"""{PEAK}
import importlib, json, time
module, function = sys.argv[1].split(":")
run = getattr(importlib.import_module(module), function)
before, started = peak(), time.process_time()
measured = run(*sys.argv[2:])
seconds = measured if isinstance(measured, float) else time.process_time() - started
print(json.dumps([seconds, peak(), peak() - before]))
"""
"""What a child runs."""

NEWS = 0.02
"""The part by which a time must fall to be worth another round."""
PATIENCE = 4
"""Times the rounds asked for that a group may take until its figures have settled."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do a piece of work."""

    name: str
    call: tuple[str, ...]
    """A program with its arguments, or ``module:function`` with texts to call it with (imports don't count).

    A function that gives a decimal number has measured itself: CPU seconds of a program it ran.
    """
    is_ours: bool = False
    limits: Mapping[str, float] | None = None
    """The most CPU this may take, as multiples of other contenders of its group."""
    max_mb: float | None = None
    """The most memory it may take."""


@dataclass(frozen=True, slots=True)
class Group:
    """Contenders for one piece of work, the baseline first."""

    title: str
    contenders: tuple[Contender, ...]
    is_on_request: bool = False
    """True for what takes minutes: it is measured when asked for by name, and once."""

    @property
    def judged(self) -> Group | None:
        """The group of those alone whose figures a limit is about; None when there is none."""
        named = {name for one in self.contenders for name in one.limits or {}}
        found = tuple(one for one in self.contenders if one.limits or one.name in named)
        return Group(self.title, found) if found else None


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one contender."""

    seconds: float
    megabytes: float | None = None
    """The most memory it had at a time; None for a program, whose figure begins at that of this process."""
    added: float | None = None
    """How much of it came with the work, after the imports."""


class BenchModule(Protocol):
    """What ``tests/bench/bench_*.py`` has."""

    def groups(self, folder: Path, size: int) -> Sequence[Group]:
        """The groups to be measured, on data made in a folder, about ``size`` bytes a file."""
        ...


def measure(contender: Contender) -> Figure:
    """Run a contender once, in a process of its own."""
    if ":" in contender.call[0]:
        command = [sys.executable, "-c", _CHILD, *contender.call]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        seconds, kilobytes, added = json.loads(done.stdout.splitlines()[-1])
        return Figure(seconds, kilobytes / 1024, added / 1024)
    with subprocess.Popen(contender.call, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, contender.call)
    return Figure(used.ru_utime + used.ru_stime)


@dataclass(slots=True)
class Measured:
    """What all rounds brought."""

    figures: dict[tuple[str, str], Figure] = field(default_factory=dict)
    """The least of each contender, by title and name."""
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why a contender has no figure; one that failed isn't run again."""
    news: set[str] = field(default_factory=set)
    """Titles of the groups in which a time has fallen since :meth:`forget_news`."""

    def forget_news(self) -> None:
        """Begin to look anew for figures that get better."""
        self.news.clear()

    def add(self, group: Group, contender: Contender) -> None:
        """Run a contender once more."""
        key = (group.title, contender.name)
        if key in self.failures:
            return
        try:
            figure = measure(contender)
        except subprocess.CalledProcessError as error:
            # The child has told the rest on stderr; its whole command line would hide which it was.
            self._fail(key, f"ended with {error.returncode}")
        except (OSError, ValueError, LookupError) as error:
            self._fail(key, repr(error))
        else:
            known = self.figures.get(key)
            if known is None or figure.seconds < known.seconds * (1 - NEWS):
                self.news.add(group.title)
            self.figures[key] = _least(known or figure, figure)

    def rounds(self, groups: Sequence[Group], count: int) -> None:
        """Run all contenders of these groups in turn, so many times."""
        for _ in range(count):
            for group in groups:
                for contender in group.contenders:
                    self.add(group, contender)

    def _fail(self, key: tuple[str, str], reason: str) -> None:
        self.figures.pop(key, None)
        self.failures[key] = reason


def run(groups: Sequence[Group], rounds: int) -> Measured:
    """Measure all contenders in turn, round after round; gives the least of each.

    Those that limits are about go on, as many rounds at a time, while one of a group gets better, to a bound.
    """
    measured = Measured()
    measured.rounds(groups, 1)
    often = [group for group in groups if not group.is_on_request]
    measured.rounds(often, rounds - 1)
    unsettled = [judged for group in often if (judged := group.judged)]
    for _ in range(PATIENCE - 1):
        measured.forget_news()
        measured.rounds(unsettled, rounds)
        unsettled = [group for group in unsettled if group.title in measured.news]
    return measured


def _least(one: Figure, other: Figure) -> Figure:
    """The quicker time of two rounds, and the larger memory."""
    if one.megabytes is None or other.megabytes is None or one.added is None or other.added is None:
        return Figure(min(one.seconds, other.seconds))
    most, added = max(one.megabytes, other.megabytes), max(one.added, other.added)
    return Figure(min(one.seconds, other.seconds), most, added)


def table(groups: Sequence[Group], measured: Measured) -> list[str]:
    """The result as a Markdown table; a missed limit or a failure is marked with ``!``."""
    rows = ["| work | by | CPU s | ratio | limit | peak MB | added MB |", "|---|---|--:|--:|---|--:|--:|"]
    for group in groups:
        base = measured.figures.get((group.title, group.contenders[0].name))
        for contender in group.contenders:
            figure = measured.figures.get((group.title, contender.name))
            name = f"**{contender.name}**" if contender.is_ours else contender.name
            if figure is None:
                rows.append(f"| {group.title} | {name} |  | - | ! failed |  |  |")
                continue
            ratio = f"{figure.seconds / base.seconds:.2f}×" if base and base.seconds else "-"
            rows.append(
                f"| {group.title} | {name} | {figure.seconds:.3f} | {ratio} "
                f"| {_verdict(group, contender, measured.figures)} "
                f"| {_rounded(figure.megabytes)} | {_rounded(figure.added)} |",
            )
    return rows


def _rounded(megabytes: float | None) -> str:
    return "" if megabytes is None else f"{megabytes:.0f}"


def _verdict(group: Group, contender: Contender, figures: Mapping[tuple[str, str], Figure]) -> str:
    figure = figures[group.title, contender.name]
    words: list[str] = []
    for other, most in (contender.limits or {}).items():
        against = figures.get((group.title, other))
        if against is None:
            words.append(f"! no figure of {other}")
            continue
        ratio = figure.seconds / max(against.seconds, 1e-9)
        words.append(f"{'' if ratio <= most else '! '}{ratio:.2f} of at most {most:.3g}× {other}")
    if contender.max_mb is not None:
        is_kept = figure.megabytes is not None and figure.megabytes <= contender.max_mb
        words.append(f"{'' if is_kept else '! '}at most {contender.max_mb:g} MB")
    return "; ".join(words)
