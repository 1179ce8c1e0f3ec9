"""What may be loaded when: start-up is the sum of the imports, so they are held by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("openai", "httpx2", "pydantic", "textual", "rich", "starlette", "uvicorn", "genai_prices")


def _loaded_after(code: str) -> set[str]:
    probe = f"import sys\n{code}\nprint(' '.join(m for m in {_HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _loaded_by_words(*words: str) -> set[str]:
    code = (
        "import contextlib, io\nfrom batch_tui.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({list(words)!r})"
    )
    return _loaded_after(code)


def test_the_command_line_loads_nothing_heavy_before_a_verb_needs_it() -> None:
    assert _loaded_after("import batch_tui.cli.main") == set()


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("list", "--help"), ("submit", "--help")])
def test_help_and_version_load_nothing_heavy(words: tuple[str, ...]) -> None:
    assert _loaded_by_words(*words) == set()


def test_a_check_loads_neither_the_sdk_nor_the_screen() -> None:
    assert _loaded_by_words("check", "no-such-file.jsonl") == set()


def test_the_screen_does_not_load_the_sdk() -> None:
    loaded = _loaded_after("import batch_tui.ui.app")
    assert "textual" in loaded
    assert not loaded & {"openai", "httpx2", "pydantic"}


def test_the_worker_process_loads_neither_the_sdk_nor_the_screen() -> None:
    assert _loaded_after("import batch_tui.jsonl.worker.main") == set()


def test_the_probe_sees_what_is_loaded() -> None:
    assert "httpx2" in _loaded_after("import httpx2")


_SLOW_RECORDS = """
import inspect, sys
import batch_tui.ui.app
from dataclasses import fields, is_dataclass
above = ("batch_tui.engine", "batch_tui.ui", "batch_tui.cli", "batch_tui.api")
made = {
    entry
    for name, module in list(sys.modules.items()) if name.startswith(above)
    for entry in vars(module).values() if inspect.isclass(entry) and entry.__module__ == name
}
for entry in sorted(made, key=lambda entry: entry.__name__):
    if is_dataclass(entry) and entry.__dataclass_params__.frozen and all(field.repr for field in fields(entry)):
        print(entry.__name__)
"""


def test_above_the_domain_a_frozen_record_is_a_struct_unless_it_hides_a_field() -> None:
    """A frozen dataclass takes 640 µs of the start, a Struct 16, and a hundred are made before the first row."""
    done = subprocess.run([sys.executable, "-c", _SLOW_RECORDS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
