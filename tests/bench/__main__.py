"""``make bench``: measure what ``bench_*.py`` has and print one table.

python -m tests.bench [--size MEGABYTES] [--rounds N] [--only WORD]

What takes minutes by itself, like the keys to the wire, is measured when ``--only`` names it.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.harness import BenchModule, Group, run, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a limit is missed or a contender failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed and memory as ratios.")
    parser.add_argument("--size", type=int, default=190, help="megabytes of an input file (default 190)")
    parser.add_argument("--rounds", type=int, default=3, help="the least of so many rounds counts (default 3)")
    parser.add_argument("--only", default="", help="only groups with this word in their title")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        groups, complaints = _groups(Path(folder), options.size * 1_000_000, options.only)
        measured = run(groups, options.rounds)
    rows = table(groups, measured)
    complaints += [f"{title}, {name}: {reason}" for (title, name), reason in measured.failures.items()]
    print("\n".join(rows))  # noqa: T201 - this is the program's output
    for complaint in complaints:
        print(f"failed: {complaint}", file=sys.stderr)  # noqa: T201 - this is the program's output
    return 1 if complaints or any("! " in row for row in rows) else 0


def _groups(folder: Path, size: int, word: str) -> tuple[list[Group], list[str]]:
    """The groups to be measured, and the modules that could not even make ready."""
    groups: list[Group] = []
    complaints: list[str] = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        module: BenchModule = importlib.import_module(f"tests.bench.{path.stem}")
        try:
            found = module.groups(folder, size)
        except (OSError, subprocess.SubprocessError) as error:
            complaints.append(f"{path.stem}: {error}")
            continue
        groups += [g for g in found if (word in g.title if word else not g.is_on_request)]
    return groups, complaints


if __name__ == "__main__":
    sys.exit(main())
