"""Write docs/RELIABILITY_MATRIX.md: which test covers which fault in which phase, by the tests' names.

A test says what it covers by ``fault_NN`` (or ``fault_07_08``) followed by the phases it is about, in its name
or in its parameter's id: ``fault_07_create``, ``fault_64_65_list_view``. Words of an id win over those of the
function; an id that names a phase alone narrows the function's phases to it. `--check` only compares.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.fault_table import FAULTS, PHASES, required  # noqa: E402 - tests are no package to install

TARGET = ROOT / "docs" / "RELIABILITY_MATRIX.md"
_CLAIM = re.compile(rf"fault((?:_\d\d)+)((?:_(?:{'|'.join(PHASES)})(?=_|\b|$))*)")
_HOW = (
    "Made by `python tools/matrix.py` from the names of the tests. A cell shows what must be true and the "
    "numbers of the tests (below) that hold it there."
)
_LETTERS = (
    "**R** tried again, old rows stay · **Q** one POST, then looked for, else shown as unknown · "
    "**C** confirmed in a loop · **S** resumed or begun anew, whole or none · **F** stopped at once, and told · "
    "**B** bounded and literal · **J** journal and caches hold · **K** goes on untouched · - does not apply"
)
Cell = tuple[int, str]


def collected() -> list[str]:
    """The ids of all tests, the soak's included; ends the program when a test file can't be read."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", "tests", "tests/soak"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"The tests can't be collected, so nobody knows what they cover:\n{done.stdout[-2000:]}")
    return [line for line in done.stdout.splitlines() if "::" in line]


def claims(test: str) -> set[Cell]:
    """The cells a test's id names."""
    name, _, parameter = test.partition("[")
    own, given = _read(name), _read(parameter)
    phases = set(own[1] or given[1])
    words = [word for word in re.split(r"[-_\[\]]", parameter) if word in PHASES]
    if given[1]:
        phases = set(given[1])
    elif given[0] or len(words) == 1:
        phases = {word for word in words if word in phases} or phases
    numbers = given[0] or own[0]
    return {(number, phase) for number in numbers for phase in phases}


def _read(text: str) -> tuple[list[int], list[str]]:
    numbers: list[int] = []
    phases: list[str] = []
    for found in _CLAIM.finditer(text):
        numbers += [int(number) for number in found[1].split("_")[1:]]
        phases += [phase for phase in found[2].split("_") if phase]
    return numbers, phases


def covered(tests: list[str]) -> dict[Cell, list[str]]:
    """For each cell the test functions that cover it, in order."""
    found: defaultdict[Cell, list[str]] = defaultdict(list)
    for test in tests:
        function = test.partition("[")[0]
        for cell in claims(test):
            if function not in found[cell]:
                found[cell].append(function)
    return found


def rendered(found: dict[Cell, list[str]]) -> str:
    """The document."""
    needed = required()
    missing = sorted(cell for cell in needed if cell not in found)
    functions = sorted({name for cell, names in found.items() if cell in needed for name in names})
    numbers = {name: place for place, name in enumerate(functions, 1)}
    lines = [
        "# What must survive, and the test that holds it",
        "",
        _HOW,
        "",
        _LETTERS,
        "",
        f"{len(needed)} cells apply, {len(needed) - len(missing)} are covered, {len(missing)} are not.",
        "",
        f"| # | fault | {' | '.join(PHASES)} |",
        "|---|---|" + "---|" * len(PHASES),
    ]
    for number, (fault, letters) in FAULTS.items():
        cells = [
            _cell(letter, found.get((number, phase), []), numbers)
            for phase, letter in zip(PHASES, letters, strict=True)
        ]
        lines.append(f"| {number} | {fault} | {' | '.join(cells)} |")
    lines += ["", "## Not covered", ""]
    lines += [f"- {number} {phase}: {FAULTS[number][0]}" for number, phase in missing] or ["Nothing."]
    lines += ["", "## Tests", ""]
    lines += [f"{place}. `{name.removeprefix('tests/')}`" for name, place in numbers.items()]
    return "\n".join(lines) + "\n"


def _cell(letter: str, names: list[str], numbers: dict[str, int]) -> str:
    if letter == "-":
        return "-"
    shown = [str(numbers[name]) for name in names[:3]]
    more = "…" if len(names) > len(shown) else ""
    return f"**{letter}** {' '.join(shown)}{more}" if shown else f"**{letter}** ?"


def main() -> int:
    """Write the document, or with ``--check`` say whether it is up to date and complete."""
    fresh = rendered(covered(collected()))
    if "--check" in sys.argv[1:]:
        stored = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        if fresh != stored:
            print("docs/RELIABILITY_MATRIX.md is out of date: run python tools/matrix.py")
        return 0 if fresh == stored else 1
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(fresh, encoding="utf-8")
    print(next(line for line in fresh.splitlines() if "cells apply" in line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
