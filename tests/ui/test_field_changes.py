from __future__ import annotations

import pytest

from batch_tui.domain.errors import ConfigurationError
from batch_tui.jsonl.rewriting.edit import REMOVED
from batch_tui.ui.actions.field_changes import read_changes


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("", {}),
        ("model=gpt-5-mini", {"body.model": "gpt-5-mini"}),
        ("body.model=gpt-5-mini", {"body.model": "gpt-5-mini"}),
        (
            "  max_completion_tokens=2000   temperature=0.2 ",
            {"body.max_completion_tokens": 2000, "body.temperature": 0.2},
        ),
        ("-temperature", {"body.temperature": REMOVED}),
        ("reasoning.effort=low -seed", {"body.reasoning.effort": "low", "body.seed": REMOVED}),
        ('stop=["a b", "c"] user="two words"', {"body.stop": ["a b", "c"], "body.user": "two words"}),
        (
            'response_format={"type": "json_object"} n=1',
            {"body.response_format": {"type": "json_object"}, "body.n": 1},
        ),
        ("user=", {"body.user": ""}),
    ],
)
def test_changes_are_read_as_they_are_typed(text: str, changes: dict[str, object]) -> None:
    assert read_changes(text) == changes


@pytest.mark.parametrize("text", ["model", "=5", "model=a temperature", 'stop=["a b"', "-", "a..b=1", "-body."])
def test_what_is_no_change_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ConfigurationError):
        read_changes(text)
