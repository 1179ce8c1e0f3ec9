"""The bench tells all it could measure, and what it could not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import __main__ as program
from tests.bench import bench_results
from tests.bench.harness import Contender, Figure, Group, Measured, run, table

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


def test_a_limit_is_held_against_the_other_contenders_figure() -> None:
    group = Group("g", (Contender("a", ("true",)), Contender("b", ("true",), limits={"a": 1.5})))
    for seconds, mark in ((1.4, "1.40 of at most 1.5× a"), (1.6, "! 1.60 of at most 1.5× a")):
        measured = Measured({("g", "a"): Figure(1.0), ("g", "b"): Figure(seconds)})
        assert f"| {mark} |" in table([group], measured)[-1]
