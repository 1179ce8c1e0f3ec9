"""The README says what the program does: its tables are made from the tables the program runs on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from batch_tui.cli.table import VERBS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_generated_tables_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/readme.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run: .venv/bin/python tools/readme.py"


def test_every_verb_of_the_examples_exists() -> None:
    named = set(re.findall(r"(?:^\$ |[|&(] ?|=\$\()batch-tui ([a-z]+)", README, flags=re.MULTILINE))
    assert named
    assert named <= {verb.name for verb in VERBS}


def test_every_picture_of_the_readme_exists() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_make_targets_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:`|\$ )make ([a-z]+)", README))
    assert {"demo", "test", "check"} <= targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)
