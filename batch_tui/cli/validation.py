"""Why the service refused a whole batch, with the lines of its input that are at fault."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batch_tui.cli.console import Console
from batch_tui.domain.batch import BatchError
from batch_tui.domain.cause_meaning import meaning_of_validation
from batch_tui.jsonl.results.join import read_custom_id, result_lines


def ids_at(path: Path | None, errors: Sequence[BatchError]) -> dict[int, str]:
    """The custom_ids of the lines that errors name, by line; those without a usable one are left out.

    Raises:
        InputFileError: The input can't be read.
    """
    wanted = {error.line for error in errors if error.line}
    if path is None or not wanted:
        return {}
    found: dict[int, str] = {}
    last = max(wanted)
    for number, (_, line) in enumerate(result_lines(path), 1):
        if number in wanted and (custom_id := read_custom_id(line)):
            found[number] = custom_id
        if number >= last:
            break
    return found


def show_refusals(errors: Sequence[BatchError], ids: dict[int, str], console: Console) -> None:
    """A line for each error, and one that explains it."""
    for error in errors:
        place = f"line {error.line}" if error.line else "the file"
        named = f" ({ids[error.line]})" if error.line in ids else ""
        console.data(f"{place}{named}: {error.code}: {error.message}")
        meaning = meaning_of_validation(error.code)
        console.data(f"{'':>11} {meaning.sentence} {meaning.second_try}")


def refusal_record(error: BatchError, ids: dict[int, str]) -> dict[str, object]:
    """One error for ``--json``."""
    meaning = meaning_of_validation(error.code)
    return {
        "line": error.line,
        "custom_id": ids.get(error.line or 0),
        "code": error.code or None,
        "message": error.message,
        "param": error.param,
        "meaning": meaning.sentence,
        "can_pass": meaning.can_pass,
        "second_try": meaning.second_try,
    }
