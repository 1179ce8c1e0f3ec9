"""Compare: two batches by custom_id, what differs listed in Results, with the command that prints the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress
from batch_tui.domain.formatting import amount
from batch_tui.jsonl.results.compared import ComparedResults
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.compared_listing import Pair, counted


class Place(Protocol):
    """Where a comparison is seen."""

    def begin(self, pair: Pair, sentence: str) -> None:
        """Show that two batches are being compared."""
        ...

    def say(self, pair: Pair, sentence: str) -> None:
        """One sentence in place of the rows, unless something else is shown by now."""
        ...

    def show(self, pair: Pair, compared: ComparedResults) -> None:
        """Show what differs, unless something else is shown by now."""
        ...

    def leave(self, pair: Pair) -> None:
        """Bring back what was there, unless something else is shown by now."""
        ...


class CompareAction:
    """Compares the answers of two batches, or of a batch and its retry.

    Args:
        desk: What actions work with.
        place: Where what differs is seen.
    """

    def __init__(self, desk: Desk, place: Place) -> None:
        self._desk = desk
        self._place = place

    def selected(self, selection: Selection) -> None:
        """Compare the two marked batches, or the one under the cursor with its latest retry or its parent."""
        if selection.pair is not None:
            self._desk.start(self._compare(Pair(*selection.pair)), name="compare", group="compare")

    async def _compare(self, pair: Pair) -> None:
        desk, place = self._desk, self._place
        place.begin(pair, f"Comparing {pair.names}…")
        try:
            with desk.transfer("Stopped: ⟦compare⟧ compares them again."):
                compared = await desk.cockpit.comparer.compare(
                    pair.first,
                    pair.second,
                    on_fetch=lambda batch: self._teller(pair, f"Fetching the results of {batch.name}"),
                    on_progress=self._teller(pair, f"Comparing {pair.names}"),
                )
        except BatchTuiError as error:
            place.say(pair, str(error))
            desk.fail(str(error))
            return
        except asyncio.CancelledError:
            place.leave(pair)
            raise
        self._tell(pair, compared)

    def _teller(self, pair: Pair, doing: str) -> Callable[[Progress], None]:
        def told(progress: Progress) -> None:
            share = formatting.percent(progress.fraction) if progress.fraction is not None else "…"
            self._place.say(pair, f"{doing}  {share}  ⟦back⟧ stops")

        return told

    def _tell(self, pair: Pair, compared: ComparedResults) -> None:
        desk, text = self._desk, comparison_text(compared, pair)
        self._place.show(pair, compared)
        desk.record(
            "compare",
            f"{pair.first.name} → {pair.second.name}: {text}",
            batch_id=pair.second.id,
            command=f"batch-tui compare {pair.first.id} {pair.second.id} --show outcome --show answer",
        )
        desk.say(f"{pair.names}: {text}")


def comparison_text(compared: ComparedResults, pair: Pair) -> str:
    """What two batches differ in, in one line."""
    before, after = compared.comparison.first_tokens, compared.comparison.second_tokens
    return ", ".join([*counted(compared, pair), f"tokens out {amount(before[1])} → {amount(after[1])}"])
