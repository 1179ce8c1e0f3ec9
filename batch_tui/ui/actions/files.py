"""Deleting remote files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.file_use import freed, users_of_files
from batch_tui.domain.files import RemoteFile
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Cell, Piece, Tone


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
        what = chosen[0].filename or chosen[0].id if len(chosen) == 1 else formatting.plural(len(chosen), "file")
        question = (
            Piece("Delete ", Tone.ERROR),
            Piece(f"{what} at the service?", Tone.STRONG),
            *self._warning(chosen),
            Piece(f"  frees {formatting.size(freed(chosen))}; no way back", Tone.MUTED),
        )
        self._desk.ask(question, lambda: self._start(chosen), number=len(chosen) if len(chosen) > 1 else None)

    def ask_orphans(self, files: Sequence[RemoteFile]) -> None:
        """Ask whether files that no batch refers to should go; their number must be typed."""
        chosen = tuple(files)
        question = (
            Piece("Delete ", Tone.ERROR),
            Piece(f"{formatting.plural(len(chosen), 'file')} that no batch uses?", Tone.STRONG),
            Piece(f"  frees {formatting.size(freed(chosen))}; no way back", Tone.MUTED),
        )
        self._desk.ask(question, lambda: self._start(chosen), number=len(chosen))

    def _warning(self, files: tuple[RemoteFile, ...]) -> Cell:
        """Which running batch still needs one of them."""
        users = users_of_files(self._desk.cockpit.store.batches())
        live = [batch.name for file in files for batch in users.get(file.id, ()) if not batch.is_terminal]
        return (Piece(f"  {live[0]} still runs on it!", Tone.WARNING),) if live else ()

    def _start(self, files: tuple[RemoteFile, ...]) -> None:
        self._desk.start(self._delete(files), name="delete", group="")

    async def _delete(self, files: tuple[RemoteFile, ...]) -> None:
        gone: list[RemoteFile] = []
        for file in files:
            try:
                await self._desk.cockpit.service.delete_file(file.id)
            except BatchTuiError as error:
                self._desk.fail(f"{file.filename or file.id} was not deleted: {error}")
                break
            gone.append(file)
            self._desk.record("delete", f"Deleted {file.id}", command=f"batch-tui files delete {file.id}")
        else:
            counted = formatting.plural(len(gone), "file")
            self._desk.say(f"Deleted {counted}, {formatting.size(freed(gone))} freed.")
        self._deleted([file.id for file in gone])
