"""The bench tells all it could measure, and what it could not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import __main__ as program
from tests.bench import bench_results
from tests.bench.harness import PATIENCE, Contender, Figure, Group, Measured, measure, run, table

_GROUP = Group(
    "work",
    (
        Contender("base", ("true",)),
        Contender("broken", ("false",)),
        Contender("absent", ("/nowhere/at/all",)),
        Contender("raising", ("tests.bench.test_harness:raises",)),
        Contender("ours", ("true",), is_ours=True, limits={"broken": 2}),
    ),
)


def raises() -> None:
    """A contender that can't."""
    raise RuntimeError


def _only(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    def groups(folder: Path, size: int) -> tuple[Group, ...]:
        del folder, size
        return (group,)

    def none(folder: Path, size: int) -> tuple[Group, ...]:
        raise FileNotFoundError(folder, size)

    for name in ("input", "keys", "screen", "transfers"):
        monkeypatch.setattr(f"tests.bench.bench_{name}.groups", none)
    monkeypatch.setattr(bench_results, "groups", groups)


def test_a_failed_contender_is_named_and_the_others_have_their_figures() -> None:
    measured = run([_GROUP], 2)
    assert sorted(name for _, name in measured.failures) == ["absent", "broken", "raising"]
    assert sorted(name for _, name in measured.figures) == ["base", "ours"]
    rows = table([_GROUP], measured)
    assert [row for row in rows if "! failed" in row] == [
        f"| work | {name} |  | - | ! failed |  |  |" for name in ("broken", "absent", "raising")
    ]
    assert "! no figure of broken" in rows[-1]


def test_the_whole_table_is_printed_though_a_module_and_a_contender_fail(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _only(_GROUP, monkeypatch)
    assert program.main(["--rounds", "1"]) == 1
    printed = capfd.readouterr()
    assert printed.out.count("\n| work |") == len(_GROUP.contenders)
    assert "failed: work, broken: ended with 1\n" in printed.err
    assert "failed: bench_input: " in printed.err


def test_what_takes_minutes_is_measured_by_name_only_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Group("slow", (Contender("base", ("true",)),), is_on_request=True)
    monkeypatch.setattr(bench_results, "groups", lambda _folder, _size: (slow,))
    for name in ("input", "keys", "screen", "transfers"):
        monkeypatch.setattr(f"tests.bench.bench_{name}.groups", lambda _folder, _size: ())
    asked: list[str] = []
    monkeypatch.setattr(Measured, "add", lambda _self, group, _contender: asked.append(group.title))
    program.main(["--rounds", "3"])
    assert not asked
    program.main(["--rounds", "3", "--only", "slow"])
    assert asked == ["slow"]


def found_rows() -> list[int]:
    """A contender that gives what it found."""
    return [7]


def measured_itself() -> float:
    """A contender that ran a program."""
    return 7.5


def test_only_a_decimal_number_is_a_contenders_own_measure() -> None:
    assert measure(Contender("finds", ("tests.bench.test_harness:found_rows",))).seconds < 7
    assert measure(Contender("ran", ("tests.bench.test_harness:measured_itself",))).seconds == 7.5


def test_a_limit_is_held_against_the_other_contenders_figure() -> None:
    group = Group("g", (Contender("a", ("true",)), Contender("b", ("true",), limits={"a": 1.5})))
    for seconds, mark in ((1.4, "1.40 of at most 1.5× a"), (1.6, "! 1.60 of at most 1.5× a")):
        measured = Measured({("g", "a"): Figure(1.0), ("g", "b"): Figure(seconds)})
        assert f"| {mark} |" in table([group], measured)[-1]


def test_a_group_with_limits_is_measured_until_its_figures_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5.0, 4.0, 3.0, 3.0, 2.99, 9.0])
    monkeypatch.setattr("tests.bench.harness.measure", lambda _contender: Figure(next(times)))
    limited = Group("limited", (Contender("a", ("true",), limits={"a": 1}),))
    assert run([limited], 2).figures["limited", "a"].seconds == 2.99
    assert list(times) == []


def test_figures_that_never_settle_are_measured_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    times = (100.0 / 2**n for n in range(100))
    monkeypatch.setattr("tests.bench.harness.measure", lambda _contender: Figure(next(times)))
    limited = Group("limited", (Contender("a", ("true",), limits={"a": 1}),))
    run([limited], 2)
    assert next(times) == 100.0 / 2 ** (2 * PATIENCE)


def test_what_no_limit_is_about_is_measured_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def measure(contender: Contender) -> Figure:
        seen.append(contender.name)
        return Figure(1.0 / len(seen))

    monkeypatch.setattr("tests.bench.harness.measure", measure)
    limited = Contender("c", ("true",), limits={"b": 1})
    run([Group("free", (Contender("a", ("true",)), Contender("b", ("true",)), limited))], 1)
    assert seen == ["a", "b", "c"] + ["b", "c"] * (PATIENCE - 1)
