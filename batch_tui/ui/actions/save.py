"""Save: what came back of batches into the workspace; what stands there is replaced only after a yes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError, OutputExistsError
from batch_tui.domain.files import Progress
from batch_tui.domain.groups import stands_for_group
from batch_tui.domain.lineage import family_of, missing_parts, relatives_of, whole_name
from batch_tui.engine.results.collect import safe_component
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk, Option
from batch_tui.ui.text.cells import Piece, Tone

Told = Callable[[Progress], None]


class SaveAction:
    """Downloads the files of batches, whole or not at all; or writes what they and their retries come to as one.

    Args:
        desk: What actions work with.
        directory: Where the files go.
    """

    def __init__(self, desk: Desk, directory: Path) -> None:
        self._desk = desk
        self._directory = directory
        self._under_way: set[str] = set()

    def selected(self, selection: Selection) -> None:
        """Save the files of the batch under the cursor, or of the marked ones.

        When requests of the only one were sent again, the final output over all of it is offered first.
        """
        batches = selection.targets
        family = self._family(batches[0]) if len(batches) == 1 else ()
        if not family:
            self._desk.start(self._save(batches), name="save", group="")
            return
        batch = batches[0]
        self._desk.ask(
            _merge_question(batch, family),
            lambda: self._desk.start(self._merge(batch, family), name="save", group=""),
            other=Option(
                "f", "its files alone", lambda: self._desk.start(self._save(batches), name="save", group="")
            ),
        )

    def _family(self, batch: Batch) -> tuple[Batch, ...]:
        """The batches that a final output of this one is made of; none when its own files are all there is."""
        known = self._desk.cockpit.store.batches()
        relatives = relatives_of(batch.id, known)
        return family_of(batch.id, known) if relatives is not None and relatives.others else ()

    async def _save(self, batches: Sequence[Batch], *, overwrite: bool = False) -> None:
        for batch in batches:
            fetch = partial(self._fetched, batch, overwrite=overwrite)
            await self._try(batch, fetch, partial(self._save, (batch,), overwrite=True))

    async def _merge(self, batch: Batch, family: Sequence[Batch], *, overwrite: bool = False) -> None:
        merge = partial(self._merged, batch, family, overwrite=overwrite)
        await self._try(batch, merge, partial(self._merge, batch, family, overwrite=True))

    async def _fetched(self, batch: Batch, told: Told, *, overwrite: bool) -> str:
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

    async def _merged(self, batch: Batch, family: Sequence[Batch], told: Told, *, overwrite: bool) -> str:
        """Write the final output over a family; gives where it is and what isn't in it."""
        desk = self._desk
        target = self._directory / f"{safe_component(_whole(batch, family))}_merged.jsonl"
        merged = await desk.cockpit.groups.merge(batch.id, target, overwrite=overwrite, on_progress=told)
        command = shlex.join(["batch-tui", "merge", batch.id, "-o", target.name])
        desk.record("merge", f"Merged into {target.name}.", batch_id=batch.id, command=command)
        good = (
            f"{formatting.grouped(merged.succeeded)} of {formatting.plural(merged.requests, 'request')} succeeded"
        )
        return " ".join((f"Saved {target.name}: {good}.", *_not_in_it(family), f"In {target.parent}."))

    async def _try(
        self,
        batch: Batch,
        work: Callable[[Told], Coroutine[None, None, str]],
        over_it: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        """Save something of a batch, and say what came of it.

        Args:
            batch: Whose it is.
            work: Saves it; gives what is said then.
            over_it: Saves it over what stands there.
        """
        desk = self._desk
        if batch.id in self._under_way:
            desk.say(f"{batch.name} is being saved already; ⟦back⟧ stops it.")
            return
        self._under_way.add(batch.id)
        desk.say(f"Saving {batch.name}…")

        def told(progress: Progress) -> None:
            share = formatting.percent(progress.fraction) if progress.fraction is not None else "…"
            desk.say(f"Saving {batch.name} {share}  ⟦back⟧ stops")

        try:
            with desk.transfer(f"Stopped saving {batch.name}: ⟦save⟧ goes on from where it is."):
                said = await work(told)
        except OutputExistsError as error:
            # The question first: a long path pushes what stands behind it off the line.
            question = (Piece("Replace it? ", Tone.STRONG), Piece(str(error), Tone.WARNING))
            desk.ask(question, lambda: desk.start(over_it(), name="save", group=""))
        except BatchTuiError as error:
            desk.fail(f"{batch.name} was not saved: {error}")
        else:
            desk.on_files()
            desk.say(said)
        finally:
            self._under_way.discard(batch.id)


def saved_text(output: Path | None, errors: Path | None, message: str) -> str:
    """What was saved, and where."""
    names = " and ".join(path.name for path in (output, errors) if path is not None)
    said = f"Saved {names} in {(output or errors or Path()).parent}." if names else ""
    return " ".join(part for part in (said, message) if part) or "There was no file to save."


def _whole(batch: Batch, family: Sequence[Batch]) -> str:
    """What the file was called that a family answers."""
    return batch.name if stands_for_group(batch) else whole_name(family[0].name)


def _merge_question(batch: Batch, family: Sequence[Batch]) -> tuple[Piece, ...]:
    return (
        Piece("Save ", Tone.ACCENT),
        Piece(f"{_whole(batch, family)}", Tone.STRONG),
        Piece(f" merged over {len(family)} batches, in input order, newest success first?"),
    )


def _not_in_it(family: Sequence[Batch]) -> list[str]:
    """Sentences on what a final output lacks yet."""
    said: list[str] = []
    running = sum(not batch.is_terminal for batch in family)
    if running:
        said.append(f"{formatting.plural(running, 'batch')} of it still run{'s' if running == 1 else ''}.")
    missing = missing_parts(family)
    if missing:
        said.append(f"Not in it: part {', '.join(map(str, missing))}, for which there is no batch.")
    return said
