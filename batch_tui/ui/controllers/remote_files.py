"""Files at the service on the screen: listed with the batches that use them, kept, deleted, cleaned up."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError, OutputExistsError
from batch_tui.domain.file_use import users_of_files
from batch_tui.domain.files import Progress, RemoteFile
from batch_tui.domain.text import printable
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.text.cells import Piece, Tone

if TYPE_CHECKING:
    from batch_tui.ui.actions.files import DeleteAction


class RemoteFiles:
    """What can be done with the account's files.

    Args:
        desk: What actions work with.
        files: Where they are shown.
        workspace: Where a file is downloaded to.
        now: Unix seconds by the server's clock.
    """

    def __init__(self, desk: Desk, files: FilesPane, workspace: Path, *, now: Callable[[], float]) -> None:
        self._desk = desk
        self._files = files
        self._workspace = workspace
        self._now = now

    @cached_property
    def _deletion(self) -> DeleteAction:
        from batch_tui.ui.actions.files import DeleteAction  # noqa: PLC0415 - not at the start

        return DeleteAction(self._desk, self._files.forget_remote)

    def listing(self, purpose: str) -> None:
        """List the files of a purpose."""
        self._desk.start(self._list(purpose), name="files", group="files")

    def batches_moved(self) -> None:
        """Batches came or changed: other files may be in use."""
        if not self._files.is_local:
            self._files.set_users(users_of_files(self._desk.cockpit.store.batches()))

    def delete(self) -> None:
        """Ask whether the marked files should go, or the one under the cursor."""
        self._deletion.ask(self._files.remote_targets)

    def clean(self) -> None:
        """Find files that no batch refers to, and ask whether they should go."""
        self._desk.start(self._clean(), name="clean", group="clean")

    def download(self) -> None:
        """Download the marked files, or the one under the cursor, into the workspace."""
        self._desk.start(self._download(self._files.remote_targets), name="download", group="")

    async def _list(self, purpose: str) -> None:
        from batch_tui.engine.storage import list_files  # noqa: PLC0415 - not at the start

        self.batches_moved()
        found: tuple[RemoteFile, ...] = ()

        def shown(files: tuple[RemoteFile, ...]) -> None:
            nonlocal found
            found = files
            self._files.set_remote(purpose, files)

        try:
            await list_files(self._desk.cockpit.service, purpose=purpose, on_page=shown)
        except BatchTuiError as error:
            self._files.set_remote(purpose, found, note=str(error))
            if found:
                self._desk.warn(f"The list of files is not whole: {error}")

    async def _clean(self) -> None:
        with self._desk.preparing("Stopped looking for files that no batch uses: nothing was deleted."):
            self._desk.say("Looking for files that no batch uses…  ⟦back⟧ stops")
            await self._ask_orphans()

    async def _ask_orphans(self) -> None:
        from batch_tui.engine.storage import find_leftovers  # noqa: PLC0415 - not at the start

        cockpit = self._desk.cockpit
        spared = frozenset(submit.file_id for submit in cockpit.submitter.pending() if submit.file_id)
        try:
            found = await find_leftovers(cockpit.service, now=self._now(), spared=spared)
        except BatchTuiError as error:
            self._desk.fail(str(error))
            return
        if found.files:
            self._deletion.ask_orphans(found.files)
        else:
            held = formatting.plural(found.looked_at, "file")
            self._desk.say(f"Nothing to clean: {held} at the service, none older than an hour without its batch.")

    async def _download(self, files: tuple[RemoteFile, ...], *, overwrite: bool = False) -> None:
        for file in files:
            await self._download_one(file, overwrite=overwrite)

    async def _download_one(self, file: RemoteFile, *, overwrite: bool) -> None:
        desk = self._desk
        name = printable(file.filename or file.id, 80)
        target = self._workspace / local_name(file)

        def told(progress: Progress) -> None:
            share = formatting.percent(progress.fraction) if progress.fraction is not None else "…"
            desk.say(f"Downloading {name} {share}  ⟦back⟧ stops")

        desk.say(f"Downloading {name}…")
        try:
            with desk.transfer(f"Stopped downloading {name}: ⟦save⟧ goes on from where it is."):
                path = await desk.cockpit.service.download_file(
                    file, target, overwrite=overwrite, on_progress=told
                )
        except OutputExistsError:
            here = Piece(f"{target.name} is here already. ", Tone.WARNING)
            question = (here, Piece("Replace it?", Tone.STRONG))
            desk.ask(
                question, lambda: desk.start(self._download((file,), overwrite=True), name="download", group="")
            )
        except BatchTuiError as error:
            desk.fail(f"{name} was not downloaded: {error}")
        else:
            desk.record("download", f"Downloaded {file.id} to {path}")
            desk.say(f"Downloaded {path.name} ({formatting.size(file.bytes)}) to {path.parent}.")
            desk.on_files()


def local_name(file: RemoteFile) -> str:
    """A harmless name for a remote file in the workspace."""
    from batch_tui.engine.results.collect import safe_component  # noqa: PLC0415 - not at the start

    name = file.filename or file.id
    stem, dot, suffix = name.rpartition(".")
    return f"{safe_component(stem)}.{safe_component(suffix)}" if dot and stem else safe_component(name)
