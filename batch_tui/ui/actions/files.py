"""Deleting remote files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import RemoteFile
from batch_tui.ui.cells import Piece, Tone
from batch_tui.ui.desk import Desk


class DeleteAction:
    """Deletes files at the service after a yes; what is frozen is the list of ids.

    Args:
        desk: What actions work with.
        deleted: Called with the ids that are gone.
    """

    def __init__(self, desk: Desk, deleted: Callable[[Sequence[str]], None]) -> None:
        self._desk = desk
        self._deleted = deleted

    def ask(self, files: Sequence[RemoteFile]) -> None:
        """Ask whether these files should go."""
        chosen = tuple(files)
        if not chosen:
            self._desk.say("No remote file is selected.")
            return
        freed = formatting.size(sum(file.bytes or 0 for file in chosen))
        what = chosen[0].filename or chosen[0].id if len(chosen) == 1 else formatting.plural(len(chosen), "file")
        question = (
            Piece("Delete ", Tone.ERROR),
            Piece(f"{what} at the service?", Tone.STRONG),
            Piece(f"  frees {freed}; no way back", Tone.MUTED),
        )
        number = len(chosen) if len(chosen) > 1 else None
        self._desk.ask(question, lambda: self._start(chosen), number=number)

    def _start(self, files: tuple[RemoteFile, ...]) -> None:
        self._desk.start(self._delete(files), name="delete", group="")

    async def _delete(self, files: tuple[RemoteFile, ...]) -> None:
        gone: list[str] = []
        for file in files:
            try:
                await self._desk.cockpit.service.delete_file(file.id)
            except BatchTuiError as error:
                self._desk.fail(f"{file.filename or file.id} was not deleted: {error}")
                break
            gone.append(file.id)
            self._desk.record("delete", f"Deleted {file.id}", command=f"batch-tui files delete {file.id}")
        else:
            self._desk.say(f"Deleted {formatting.plural(len(gone), 'file')}.")
        self._deleted(gone)
