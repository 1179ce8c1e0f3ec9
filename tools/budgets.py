"""Hold modules and classes to their room: file at most 400 lines, class 250 (functions: ruff)."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

MAX_FILE, MAX_CLASS = 400, 250


def overruns(path: Path) -> list[str]:
    """What in one module is larger than its budget, a line each."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    found = [f"{path}: {lines} lines (at most {MAX_FILE})"] if lines > MAX_FILE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_CLASS:
                found.append(f"{path}:{node.lineno}: class {node.name} has {length} lines (at most {MAX_CLASS})")
    return found


def main() -> int:
    """Print every overrun of the package; 1 when there is one."""
    found = [row for path in sorted(Path("batch_tui").rglob("*.py")) for row in overruns(path)]
    print("\n".join(found) if found else "budgets: every module and class has room")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
