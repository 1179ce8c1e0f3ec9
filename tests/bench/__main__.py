"""``make bench``: measure everything in ``bench_*.py`` and print one table.

python -m tests.bench [--size MEGABYTES] [--rounds N] [--only WORD]
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from tests.bench.harness import BenchModule, Group, run, table


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed and memory as ratios.")
    parser.add_argument("--size", type=int, default=190, help="megabytes of an input file (default 190)")
    parser.add_argument("--rounds", type=int, default=5, help="the least of so many rounds counts (default 5)")
    parser.add_argument("--only", default="", help="only groups with this word in their title")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        groups: list[Group] = []
        for path in sorted(Path(__file__).parent.glob("bench_*.py")):
            module: BenchModule = importlib.import_module(f"tests.bench.{path.stem}")
            groups += [g for g in module.groups(Path(folder), options.size * 1_000_000) if options.only in g.title]
        rows = table(groups, run(groups, options.rounds))
    print("\n".join(rows))  # noqa: T201 - this is the program's output
    return 1 if any("! " in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
