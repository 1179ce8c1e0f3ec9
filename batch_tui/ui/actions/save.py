"""Save: output and error files into the workspace; what stands there is replaced only after a yes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError, OutputExistsError
from batch_tui.domain.files import Progress
from batch_tui.domain.groups import stands_for_group
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.text.cells import Piece, Tone


class SaveAction:
    """Downloads the files of batches, whole or not at all.

    Args:
        desk: What actions work with.
        directory: Where the files go.
    """

    def __init__(self, desk: Desk, directory: Path) -> None:
        self._desk = desk
        self._directory = directory

    def selected(self, selection: Selection) -> None:
        """Save the files of the batch under the cursor, or of the marked ones."""
        self._desk.start(self._save(selection.targets), name="save", group="")

    async def _save(self, batches: Sequence[Batch], *, overwrite: bool = False) -> None:
        for batch in batches:
            await self._save_one(batch, overwrite=overwrite)

    async def _fetched(self, batch: Batch, told: Callable[[Progress], None], *, overwrite: bool) -> str:
        """Fetch the files of a batch, or of a group as one; gives what was saved, and where."""
        cockpit = self._desk.cockpit
        if not stands_for_group(batch):
            collected = await cockpit.collector.collect(
                batch.id, self._directory, overwrite=overwrite, on_progress=told
            )
            return saved_text(collected.output, collected.errors, collected.message)
        files = await cockpit.groups.download(
            batch.id, self._directory, overwrite=overwrite, progress_of=lambda _part: told
        )
        return saved_text(files.output, files.errors, " ".join(files.messages))

    async def _save_one(self, batch: Batch, *, overwrite: bool) -> None:
        desk = self._desk
        desk.say(f"Saving {batch.name}…")

        def told(progress: Progress) -> None:
            share = formatting.percent(progress.fraction) if progress.fraction is not None else "…"
            desk.say(f"Saving {batch.name} {share}  esc stops")

        try:
            with desk.transfer(f"Stopped saving {batch.name}: D goes on from where it is."):
                said = await self._fetched(batch, told, overwrite=overwrite)
        except OutputExistsError as error:
            question = (Piece(f"{error} ", Tone.WARNING), Piece("Replace it?", Tone.STRONG))
            desk.ask(question, lambda: desk.start(self._save((batch,), overwrite=True), name="save", group=""))
        except BatchTuiError as error:
            desk.fail(f"{batch.name} was not saved: {error}")
        else:
            desk.say(said)


def saved_text(output: Path | None, errors: Path | None, message: str) -> str:
    """What was saved, and where."""
    names = " and ".join(path.name for path in (output, errors) if path is not None)
    said = f"Saved {names} in {(output or errors or Path()).parent}." if names else ""
    return " ".join(part for part in (said, message) if part) or "There was no file to save."
