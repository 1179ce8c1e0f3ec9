"""Write the README's generated parts from the tables they stand for: `--check` only compares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from batch_tui.ui.commands import COMMANDS, Command

from batch_tui.cli.table import VERBS

README = Path(__file__).parent.parent / "README.md"


def rendered(text: str) -> str:
    """The README with its generated parts made anew."""
    for name, rows in (("keys", key_table()), ("verbs", verb_table())):
        pattern = rf"(<!-- {name}: .*? -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, lambda found, body=rows: found[1] + body + found[2], text, flags=re.DOTALL)
    return text


def key_table() -> str:
    """The commands by group, each with its keys."""
    groups: dict[str, list[Command]] = {}
    for command in COMMANDS:
        groups.setdefault(command.group, []).append(command)
    rows = ["| | |", "|---|---|"]
    for group, commands in groups.items():
        rows.append(f"| {group} | {' · '.join(_entry(command) for command in commands)} |")
    return "\n".join(rows) + "\n"


def _entry(command: Command) -> str:
    keys = " ".join(f"`{key}`" for key in command.keys)
    return f"{keys} {command.title.lower()}".replace("|", "\\|")


def verb_table() -> str:
    """The verbs with their line of help."""
    rows = ["| verb | does |", "|---|---|", "| `batch-tui` | the screen |"]
    rows += [f"| `{verb.name}` | {verb.help} |" for verb in VERBS]
    return "\n".join(rows) + "\n"


def main() -> int:
    """Write the README, or with ``--check`` say whether it is up to date."""
    text = README.read_text(encoding="utf-8")
    fresh = rendered(text)
    if "--check" in sys.argv[1:]:
        return 0 if fresh == text else 1
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
