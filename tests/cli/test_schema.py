"""What ``--json`` prints stands in the help of each verb."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_tui.cli.main import main
from batch_tui.cli.schema import SCHEMAS
from batch_tui.cli.table import VERBS
from batch_tui.domain.batch import Batch, Usage
from batch_tui.domain.normalise import batch_to_wire
from tests.support.command_line import Run, command_line, echo_line

_OPEN = frozenset({"metadata", "counts", "errors", "request_counts"})
"""Fields whose own fields are not ours to name."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with command_line(tmp_path, monkeypatch, capsys) as call:
        yield call


def keys(value: object) -> Iterator[str]:
    """All field names in a JSON value, at every depth."""
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                if key not in _OPEN:
                    yield from keys(inner)
        case list():
            for inner in value:
                yield from keys(inner)
        case _:
            return


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_with_json_says_what_it_prints(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    said = capsys.readouterr().out
    assert ("--json  " in said) == ("--json prints one object a line" in said) == (verb in SCHEMAS)


def test_no_field_is_printed_that_the_help_does_not_name(run: Run, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    failing: dict[str, object] = {"status": 500, "times": 1}
    good.write_text(echo_line("a") + echo_line("b", echo=failing), encoding="utf-8")
    bad.write_text(echo_line("a") + echo_line("a"), encoding="utf-8")
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"model": "echo", "messages": []}\n', encoding="utf-8")
    batch = json.loads(run("submit", good, "--json", "--wait")[1][0])["id"]
    slow = tmp_path / "slow.jsonl"
    slow.write_text(echo_line("s", echo={"delay_s": 100_000}), encoding="utf-8")
    running = run("submit", slow)[1][0]
    for words in (
        ("check", good, bad),
        ("wrap", bare, "-o", tmp_path / "wrapped.jsonl"),
        ("split", good, "-o", tmp_path / "parts", "--max-requests", "1"),
        ("list",),
        ("show", batch),
        ("wait", batch),
        ("cost", batch, running, good, "--estimate"),
        ("cost", "--by", "day"),
        ("results", batch),
        ("results", batch, "--summary"),
        ("download", batch, "-o", tmp_path / "d"),
        ("download", batch, "-o", tmp_path / "m", "--merge"),
        ("retry", batch, "-o", tmp_path / "again.jsonl"),
        ("merge", batch, "-o", tmp_path / "merged.jsonl"),
        ("compare", batch, batch, "--show", "same"),
        ("cancel", running, "--yes"),
        ("files", "list"),
        ("doctor", "--offline"),
        ("info",),
    ):
        _, lines, said = run(*words, "--json")
        assert lines, said
        schema = SCHEMAS[str(words[0])]
        named = set(re.findall(r"[a-z_]+", schema))
        if "the API's own field names" in schema:
            named |= set(keys(batch_to_wire(Batch("b", usage=Usage()))))
        printed = {key for line in lines for key in keys(json.loads(line))}
        assert printed <= named, f"{words[0]}: {printed - named}"
