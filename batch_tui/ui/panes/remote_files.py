"""Files at the service as rows: who uses each, how large, how old, how long it is kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.file_use import PURPOSES, Users
from batch_tui.domain.files import RemoteFile
from batch_tui.ui.panes.columns import View, age
from batch_tui.ui.text.cells import Cell, Tone, cell
from batch_tui.ui.text.glyphs import batch_sign, glyphs
from batch_tui.ui.widgets.fitting import Column

INPUTS, OUTPUTS = "batch", "batch_output"
"""Purposes of the files that batches read and write."""
REMOTE_COLUMNS = (
    Column("use", "", 1, is_pinned=True),
    Column("name", "file", 10, is_flexible=True, is_pinned=True, is_cut_inside=True),
    Column("user", "used by", 20, priority=3),
    Column("size", "size", 6, align="right"),
    Column("age", "age", 6, align="right", priority=1),
    Column("left", "expires", 7, align="right", priority=2),
)
"""Of input files: what they are called says what they are."""
OUTPUT_COLUMNS = (
    Column("use", "", 1, is_pinned=True),
    Column("kind", "of", 3, is_pinned=True),
    Column("user", "batch", 10, is_flexible=True, is_pinned=True, is_cut_inside=True),
    Column("name", "file", 24, priority=3, is_cut_inside=True),
    *REMOTE_COLUMNS[3:],
)
"""Of files that batches wrote: a service calls them by numbers, their batch says what they are."""

MADE_TITLES = {"age": "made"}
"""What the column of ages is called while it tells clock times."""


class RemoteLists:
    """The account's files as they were listed, by purpose.

    Attributes:
        users: The batches that use each.
    """

    def __init__(self) -> None:
        self._files: dict[str, dict[str, RemoteFile]] = {}
        self.users: Users = {}
        self._notes: dict[str, str] = {}

    def of(self, purpose: str) -> Mapping[str, RemoteFile]:
        """The files of a purpose, by id."""
        return self._files.get(purpose, {})

    def note(self, purpose: str) -> str:
        """What stands where there is no file of a purpose."""
        return self._notes.get(purpose, "Asking the service…")

    def put(self, purpose: str, files: Iterable[RemoteFile], note: str = "") -> None:
        """These are the files of a purpose; a note tells why there are no more of them."""
        self._files[purpose] = {file.id: file for file in files}
        self._notes[purpose] = note or "No files of this purpose."

    def forget(self, ids: Iterable[str]) -> None:
        """These files are gone."""
        for file_id in ids:
            for files in self._files.values():
                files.pop(file_id, None)

    def cells(self, purpose: str, file_id: str, view: View) -> tuple[Cell, ...]:
        """The cells of a file's row, one for each column of its purpose."""
        file = self.of(purpose).get(file_id, RemoteFile(file_id))
        write = _output_cells if purpose == OUTPUTS else _input_cells
        return write(file, self.users.get(file_id, ()), view)


def _input_cells(file: RemoteFile, batches: tuple[Batch, ...], view: View) -> tuple[Cell, ...]:
    """The cells of an input's row, one for each column."""
    return (
        _use_sign(batches, file, view),
        cell(file.filename or file.id),
        cell(user_text(batches), Tone.MUTED),
        *_measures(file, view),
    )


def _output_cells(file: RemoteFile, batches: tuple[Batch, ...], view: View) -> tuple[Cell, ...]:
    """The cells of the row of a file that a batch wrote, one for each column."""
    is_errors = any(batch.error_file_id == file.id for batch in batches)
    return (
        _use_sign(batches, file, view),
        cell("err", Tone.ERROR) if is_errors else cell("out" if batches else "", Tone.MUTED),
        cell(user_text(batches)),
        cell(file.filename or file.id, Tone.MUTED),
        *_measures(file, view),
    )


def _measures(file: RemoteFile, view: View) -> tuple[Cell, ...]:
    """How large a file is, how old, and how long it is kept."""
    now, made, ends = view.now, file.created_at, file.expires_at
    if view.is_absolute:
        when, left = formatting.narrow_day(made, now), formatting.narrow_day(ends, now)
    else:
        when = age(None if made is None else now - made)
        left = formatting.duration(None if ends is None else ends - now)
    return (
        cell(formatting.size(file.bytes), Tone.MUTED),
        cell(when, Tone.MUTED),
        cell("never" if ends is None else left, Tone.WARNING if _goes_soon(file, now) else Tone.MUTED),
    )


def user_text(batches: tuple[Batch, ...]) -> str:
    """The batches that use a file, in a few cells."""
    if not batches:
        return "no batch"
    return batches[0].name if len(batches) == 1 else f"{batches[0].name} +{len(batches) - 1}"


def _use_sign(batches: tuple[Batch, ...], file: RemoteFile, view: View) -> Cell:
    """The sign of the batch that uses it; of a file of batches that none uses, that nobody knows."""
    if batches:
        live = next((batch for batch in batches if not batch.is_terminal), batches[0])
        sign = batch_sign(live, is_ascii=view.is_ascii)
        return cell(sign.glyph, sign.tone)
    return cell(glyphs(is_ascii=view.is_ascii).unknown, Tone.WARNING) if file.purpose in PURPOSES else ()


def _goes_soon(file: RemoteFile, now: float) -> bool:
    return file.expires_at is not None and file.expires_at - now < 86_400
