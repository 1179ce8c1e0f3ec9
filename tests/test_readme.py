"""The README says what the program does: its tables are made from the tables the program runs on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from batch_tui.cli.exits import Exit
from batch_tui.cli.main import build_parser
from batch_tui.cli.table import VERBS
from batch_tui.engine.configuration.config import (
    GuardTable,
    LimitsTable,
    NotifyTable,
    PriceTable,
    ProfileTable,
    UiTable,
)
from batch_tui.engine.configuration.settings import Flags, load_settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_generated_tables_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/readme.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run: .venv/bin/python tools/readme.py"


def test_every_exit_code_is_named() -> None:
    said = re.search(r"Exit codes: (.*?)\n\n", README, flags=re.DOTALL)
    assert said
    assert {int(code) for code in re.findall(r"\d+", said[1])} == {*Exit}
    help_text = " ".join(build_parser([]).format_help().split())
    assert {int(code) for code in re.findall(r"\d+", help_text.partition("Exit codes: ")[2])} == {*Exit}


def test_every_verb_of_the_examples_exists() -> None:
    named = set(re.findall(r"(?:^\$ |[|&(] ?|=\$\()batch-tui ([a-z]+)", README, flags=re.MULTILINE))
    assert named
    assert named <= {verb.name for verb in VERBS}


def test_every_picture_of_the_readme_exists() -> None:
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_the_configuration_it_shows_is_one_that_is_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    assert found
    (tmp_path / "config.toml").write_text(found[1], encoding="utf-8")
    environ = {"BATCH_TUI_CONFIG": str(tmp_path / "config.toml"), "WORK_OPENAI_KEY": "k", "HOME": str(tmp_path)}
    work = load_settings(environ, Flags())
    assert (work.profile.name, work.profile.api_key, work.theme) == ("work", "k", "nord")
    local = load_settings(environ, Flags(profile="local"), needs_key=False)
    assert local.profile.limits.max_requests == 100_000


@pytest.mark.parametrize("table", [ProfileTable, PriceTable, LimitsTable, GuardTable, UiTable, NotifyTable])
def test_the_configuration_it_shows_has_every_key(table: type[Struct]) -> None:
    shown = re.search(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    assert shown
    named = set(re.findall(r"^(?:# )?(\w+) = ", shown[1], flags=re.MULTILINE))
    headings = set(re.findall(r"^\[(?:profiles\.\w+\.)?(\w+)", shown[1], flags=re.MULTILINE))
    assert set(table.__struct_fields__) <= named | headings


def test_the_variables_it_names_are_those_that_are_read() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "batch_tui").rglob("*.py"))
    read = set(re.findall(r"BATCH_TUI_[A-Z_]*[A-Z]", code)) | {"BATCH_TUI_ORG_ID", "BATCH_TUI_PROJECT_ID"}
    assert set(re.findall(r"BATCH_TUI_[A-Z_]*[A-Z]", README)) == read


def test_the_places_it_names_exist() -> None:
    _, _, section = README.partition("### Where things are")
    named = set(re.findall(r"`((?:\w+/)*[\w*]+(?:\.py|/))`", section))
    assert len(named) > 15
    roots = (ROOT, ROOT / "batch_tui", ROOT / "tests" / "support")
    for place in named:
        pattern = place.replace("NAME", "*").rstrip("/")
        assert any(next(root.glob(pattern), None) for root in roots), place


def test_the_make_targets_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:`|\$ )make ([a-z]+)", README))
    assert {"demo", "test", "check"} <= targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)
