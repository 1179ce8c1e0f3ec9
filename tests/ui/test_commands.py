from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.domain.batch import Batch, RequestCounts
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.commands.bindings import bindings, textual_keymap
from batch_tui.ui.commands.keymap import conflicts, key_name, key_string, read_keymap
from batch_tui.ui.commands.registry import (
    COMMANDS,
    Scope,
    Selection,
    command,
    commands_in,
    commands_of_pane,
    hints_for,
    key_label,
    markdown_key_table,
)
from tests.support.batches import a_batch

PROMISED = (
    *(
        "j",
        "k",
        "down",
        "up",
        "g",
        "G",
        "ctrl+d",
        "ctrl+u",
        "h",
        "l",
        "H",
        "L",
        "1",
        "2",
        "3",
        "4",
        "tab",
        "[",
        "]",
    ),
    *("enter", "escape", "/", "n", "N", "s", "S", "a", "!", ":", "ctrl+p", "?", "space", "v", "*", "u", "x", "X"),
    *("F", "D", "c", "delete", "e", "o", "y", "Y", "r", "f5", "p", "f", "+", "_", "w", "t", "M", ",", "ctrl+l"),
    *("[", "]", "ctrl+z", "q", "ctrl+q", "ctrl+c"),
)
AVOIDED = ("ctrl+a", "ctrl+b", "ctrl+k", "shift+enter")
RUNNING = a_batch("run", total=100, completed=5)
FAILED = a_batch("bad", BatchStatus.COMPLETED, total=10, completed=8, failed=2, output="out")
GOOD = a_batch("good", BatchStatus.COMPLETED, total=10, completed=10, output="out")


@pytest.mark.parametrize("key", PROMISED)
def test_every_promised_key_runs_a_command(key: str) -> None:
    assert any(key in entry.keys for entry in COMMANDS)


def test_no_key_is_taken_that_terminals_or_tmux_want() -> None:
    keys = {key for entry in COMMANDS for key in entry.keys}
    assert not keys & set(AVOIDED)
    assert not any(key.startswith("alt+") for key in keys)


def test_ids_are_unique_and_no_pane_hears_two_commands_on_one_key() -> None:
    assert len({entry.id for entry in COMMANDS}) == len(COMMANDS)
    assert conflicts({}) == ()


def test_read_only_leaves_out_all_that_changes_the_account() -> None:
    for pane in (Scope.FILES, Scope.BATCHES, Scope.INSPECT, Scope.RESULTS):
        keys = {key for entry in commands_of_pane(pane, is_read_only=True) for key in entry.keys}
        assert not keys & {"x", "X", "u", "F", "delete"}
        assert all(entry.id != "new" for entry in commands_of_pane(pane, is_read_only=True))
    assert {entry.id for entry in COMMANDS if entry.is_paid} == {
        "new",
        "upload",
        "cancel",
        "cancel_shown",
        "fix",
        "delete",
        "clean",
        "send_again",
    }


def test_every_binding_carries_the_id_of_its_command() -> None:
    made = [binding for scope in Scope for binding in bindings(scope)]
    assert len(made) >= len(COMMANDS)
    assert key_string(command("palette")) == "colon,ctrl+p"
    assert key_string(command("config")) == "comma"


@pytest.mark.parametrize(
    ("command_id", "batch", "reason"),
    [
        ("cancel", None, "No batch"),
        ("cancel", GOOD, "has ended (completed)"),
        ("cancel", RUNNING, None),
        ("cancel", Batch("b", BatchStatus.CANCELLING), "is being cancelled already"),
        ("cancel", Batch("b", BatchStatus.UNKNOWN, "paused"), None),
        ("fix", RUNNING, "still runs"),
        ("fix", GOOD, "every request"),
        ("fix", FAILED, None),
        ("fix", Batch("b", BatchStatus.FAILED), "failed validation"),
        ("fix", Batch("b", BatchStatus.EXPIRED, counts=RequestCounts(10, 3, 0)), None),
        ("save", RUNNING, "no output or error file"),
        ("save", GOOD, None),
        ("compare", GOOD, "exactly two"),
    ],
)
def test_a_command_says_why_it_cannot_run(command_id: str, batch: Batch | None, reason: str | None) -> None:
    said = command(command_id).unavailable(Selection(batch=batch))
    assert (said is None) == (reason is None)
    assert reason is None or (said is not None and reason in said)


def test_marked_batches_are_the_target_instead_of_the_one_under_the_cursor() -> None:
    selection = Selection(batch=GOOD, marked=(RUNNING, GOOD))
    assert selection.targets == (RUNNING, GOOD)
    assert command("cancel").unavailable(selection) is None
    assert "all 2 marked batches" in str(command("cancel").unavailable(Selection(marked=(GOOD, FAILED))))


def test_a_selection_without_anything_never_makes_a_reason_raise() -> None:
    for entry in COMMANDS:
        for pane in Scope:
            said = entry.unavailable(Selection(pane=pane))
            assert said is None or said.endswith((".", ")."))


def test_hints_show_only_what_can_run_most_useful_first() -> None:
    hints = [entry.id for entry in hints_for(Selection(batch=RUNNING))]
    assert hints[:3] == ["open", "filter", "mark"]
    assert "cancel" in hints
    assert "fix" not in hints
    assert "cancel" not in [entry.id for entry in hints_for(Selection(batch=RUNNING), is_read_only=True)]


def test_keys_are_written_short_and_in_ascii_where_needed() -> None:
    assert [key_label(key) for key in ("enter", "space", "ctrl+d", "x")] == ["⏎", "spc", "^d", "x"]
    assert all(key_label(key, is_ascii=True).isascii() for entry in COMMANDS for key in entry.keys)


def test_the_key_table_names_every_command() -> None:
    table = markdown_key_table()
    assert all(entry.title in table for entry in COMMANDS)


def test_commands_of_a_scope_are_those_of_no_other() -> None:
    assert "mark" in {entry.id for entry in commands_in(Scope.TABLE)}
    assert "mark" not in {entry.id for entry in commands_in(Scope.APP)}


def test_a_remapped_command_has_its_new_keys_only() -> None:
    keymap = read_keymap({"cancel": "ctrl+x f8", "filter": "F3".lower()})
    assert keymap == {"cancel": ("ctrl+x", "f8"), "filter": ("f3",)}
    assert textual_keymap(keymap) == {"cancel": "ctrl+x,f8", "filter": "f3"}
    assert key_string(command("cancel"), keymap) == "ctrl+x,f8"


def test_two_commands_may_swap_their_keys() -> None:
    assert read_keymap({"cancel": "D", "save": "x"})


@pytest.mark.parametrize(
    ("command_id", "keys", "words"),
    [
        ("cancel_", "x", ("did you mean cancel",)),
        ("cancel", "", ("no key",)),
        ("cancel", "fnord", ("fnord", "no key")),
        ("cancel", "j", ("'j'", "down")),
        ("help", "x", ("'x'", "cancel")),
        ("cancel", "ctrl+", ("no key",)),
        ("down", "ctrl+m", ("'ctrl+m' as enter",)),
        ("down", "j ctrl+[", ("'ctrl+[' as escape",)),
    ],
)
def test_a_mistake_in_the_keymap_is_one_sentence_with_its_line(
    command_id: str, keys: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[profiles.a]\n\n[keys]\n{command_id} = "{keys}"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_keymap({command_id: keys}, path=path)
    assert f"{path}:4:" in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_single_characters_get_the_names_textual_gives_them() -> None:
    named = {key_name(char) for char in "/?:[]*!+_,"}
    assert named == {
        "slash",
        "question_mark",
        "colon",
        "left_square_bracket",
        "right_square_bracket",
        "asterisk",
        "exclamation_mark",
        "plus",
        "underscore",
        "comma",
    }
