"""Write the README's generated parts from the tables they stand for: `--check` only compares."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

from batch_tui.cli.table import VERBS
from batch_tui.ui.commands.registry import COMMANDS, markdown_key_table

README = Path(__file__).parent.parent / "README.md"


def rendered(text: str) -> str:
    """The README with its generated parts made anew."""
    for name, rows in (("keys", markdown_key_table()), ("ids", id_list()), ("verbs", verb_table())):
        pattern = rf"(<!-- {name}: .*? -->\n).*?(<!-- /{name} -->)"
        text = re.sub(pattern, lambda found, body=rows: found[1] + body + found[2], text, flags=re.DOTALL)
    return text


def verb_table() -> str:
    """The verbs with their line of help."""
    rows = ["| verb | does |", "|---|---|", "| `batch-tui` | the screen |"]
    rows += [f"| `{verb.name}` | {verb.help} |" for verb in VERBS]
    return "\n".join(rows) + "\n"


def id_list() -> str:
    """The ids of all commands, as the configuration's ``[keys]`` names them."""
    return textwrap.fill(" ".join(f"`{entry.id}`" for entry in COMMANDS), 115, break_on_hyphens=False) + "\n"


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
