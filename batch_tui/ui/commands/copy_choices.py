"""What can be copied of what is selected: the choices of the copy menu. Pure."""

from __future__ import annotations

import shlex

from msgspec import Struct

from batch_tui.domain.text import printable
from batch_tui.ui.commands.pending_submit import command_twin
from batch_tui.ui.commands.selection import Selection


class Choice(Struct, frozen=True):
    """One entry of the menu."""

    key: str
    """One letter."""
    title: str
    text: str
    """What is copied."""


def copy_choices(selection: Selection) -> tuple[Choice, ...]:
    """Everything of a selection that has a text, each under its own letter."""
    batch, remote, path, pending = selection.batch, selection.remote_file, selection.file, selection.pending
    found: list[Choice] = []
    if batch is not None:
        found += [
            Choice("i", "id", batch.id),
            Choice("n", "name", batch.name if batch.name != batch.id else ""),
            Choice("f", "input file", batch.input_file_id or ""),
            Choice("o", "output file", batch.output_file_id or ""),
            Choice("e", "error file", batch.error_file_id or ""),
            Choice("c", "command", f"batch-tui show {shlex.quote(batch.id)}"),
            Choice("r", "raw JSON", batch.raw or ""),
            Choice("a", f"all {len(selection.targets)} ids", _all_ids(selection)),
        ]
    elif remote is not None:
        found += [Choice("i", "id", remote.id), Choice("n", "name", remote.filename or "")]
    elif path is not None:
        found += [
            Choice("p", "path", str(path)),
            Choice("n", "name", path.name),
            Choice("c", "command", f"batch-tui check {shlex.quote(str(path))}"),
        ]
    elif pending is not None:
        found += [
            Choice("p", "path", pending.operation.path),
            Choice("n", "name", pending.name),
            Choice("i", "intent", pending.operation.intent),
            Choice("c", "command", command_twin(pending)),
        ]
    found.append(Choice("u", "custom_id", selection.custom_id))
    if selection.text and selection.pane in {"inspect", "results"}:
        found.append(Choice("t", "text here", selection.text))
    return tuple(choice for choice in found if choice.text)


def menu_note(choices: tuple[Choice, ...]) -> str:
    """The menu on one line: ``i id  n name  o output file``."""
    return "  ".join(f"{choice.key} {choice.title}" for choice in choices)


def chosen_of(choices: tuple[Choice, ...], text: str) -> Choice | None:
    """The choice whose letter was typed, or None."""
    letter = printable(text[-1:]).lower()
    return next((choice for choice in choices if choice.key == letter), None)


def _all_ids(selection: Selection) -> str:
    targets = selection.targets
    return "\n".join(batch.id for batch in targets) if len(targets) > 1 else ""
