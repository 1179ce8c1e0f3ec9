"""The memory that work takes, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

PEAK = """
import resource, sys
def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
"""
"""Kilobytes at most so far, in a child: the system's own figure begins at that of who started it."""
_CHILD = """
from pathlib import Path
{imports}
before = peak()
{work}
print(before, peak())
"""


@dataclass(frozen=True, slots=True)
class PeakMemory:
    before: int
    """Bytes at most before the work, its modules imported."""
    after: int
    """Bytes at most in all."""

    @property
    def grown(self) -> int:
        """Bytes that the work itself took at most."""
        return self.after - self.before


def peak_memory(imports: str, work: str, *arguments: str) -> PeakMemory:
    """Run statements in a new process; they find ``Path`` and ``sys.argv``."""
    program = PEAK + _CHILD.format(imports=imports, work=work)
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    before, after = map(int, done.stdout.split())
    return PeakMemory(before * 1024, after * 1024)
