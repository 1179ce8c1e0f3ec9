"""A key, base URL, proxy or certificate file that can't be: one line before anything is sent, and exit 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.cli.main import main

KEY = "sk-test-0123456789"
ENVIRONMENTS = {
    "fault_37_key_with_newline": {"OPENAI_API_KEY": "sk-te\nst"},
    "fault_37_key_not_ascii": {"OPENAI_API_KEY": "sk-tést"},
    "fault_37_no_base_url": {"OPENAI_BASE_URL": "not a url"},
    "fault_77_plain_http": {"OPENAI_BASE_URL": "http://192.0.2.7/v1"},
}
VERBS = {
    "list": ["list"],
    "upload": ["submit", "INPUT"],
    "create": ["submit", "INPUT"],
    "poll": ["wait", "batch_1"],
    "download": ["download", "batch_1"],
    "cancel": ["cancel", "batch_1"],
    "view": [],
}


def identity(name: str, phase: str) -> str:
    number, _, what = name.removeprefix("fault_").partition("_")
    return f"fault_{number}_{phase}_state_{what}"


ROWS = [
    pytest.param(environ, words, id=identity(name, phase))
    for name, environ in ENVIRONMENTS.items()
    for phase, words in VERBS.items()
]


@pytest.mark.parametrize(("environ", "words"), ROWS)
def test_it_is_one_line_and_nothing_is_sent_or_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environ: dict[str, str],
    words: list[str],
) -> None:
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name, value in {"OPENAI_API_KEY": KEY, **environ}.items():
        monkeypatch.setenv(name, value)
    source = tmp_path / "in.jsonl"
    source.write_text('{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"m","input":"x"}}\n')
    assert main([str(source) if word == "INPUT" else word for word in words]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith("batch-tui: ")
    assert KEY not in said.err + said.out
    assert not list(tmp_path.rglob("state/**/*.json"))
