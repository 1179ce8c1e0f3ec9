"""Two batches held against each other: which two, and Results given to them until esc gives it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from batch_tui.domain.batch import Batch
from batch_tui.domain.lineage import latest_retry, parent_of
from batch_tui.engine.monitoring.store import BatchStore
from batch_tui.ui import layout
from batch_tui.ui.panels import Panels
from batch_tui.ui.panes.results import ResultsPane

if TYPE_CHECKING:
    from batch_tui.jsonl.results.compared import ComparedResults
    from batch_tui.ui.panes.compared_listing import Pair


class Comparisons:
    """Lays a comparison over Results, and takes it away again.

    Args:
        store: The batches.
        results: Where what differs is listed.
        panels: Brings it on the screen.
        batch_of: The batch of an id; of a group's, the group as if it were one.
    """

    def __init__(
        self,
        store: BatchStore,
        results: ResultsPane,
        panels: Panels,
        *,
        batch_of: Callable[[str | None], Batch | None],
    ) -> None:
        self._store = store
        self._results = results
        self._panels = panels
        self._batch_of = batch_of
        self._pair: Pair | None = None
        self._before = (panels.current, panels.arrangement)

    def counterpart(self, batch: Batch | None) -> Batch | None:
        """What a batch is compared with when nothing is marked: its latest retry, or as a retry its parent."""
        if batch is None:
            return None
        if self._store.has_retries(batch.id):
            return latest_retry(batch.id, self._store.batches())
        return self._batch_of(parent_of(batch))

    def begin(self, pair: Pair, sentence: str) -> None:
        """Show that two batches are being compared."""
        panels = self._panels
        if not self._results.is_comparing:
            self._before = (panels.current, panels.arrangement)
        self._pair = pair
        self._results.begin_comparison(pair, sentence)
        panels.show(self._results.screen, layout.RESULTS)

    def say(self, pair: Pair, sentence: str) -> None:
        """One sentence in place of the rows, unless something else is shown by now."""
        if self._pair is pair:
            self._results.say_comparison(sentence)

    def show(self, pair: Pair, compared: ComparedResults) -> None:
        """Show what differs, unless something else is shown by now."""
        if self._pair is pair:
            self._results.show_comparison(compared, pair)

    def leave(self, pair: Pair) -> None:
        """Bring back what was there, unless something else is shown by now."""
        if self._pair is pair:
            self.end()

    def end(self) -> bool:
        """Bring back what was there, in the pane and on the screen; False without a comparison."""
        panels = self._panels
        if not self.drop():
            return False
        if panels.current == layout.RESULTS:
            pane, panels.arrangement = self._before
            panels.show(self._results.screen, pane)
        return True

    def drop(self) -> bool:
        """Show what came back of the batch again, for that is asked for; False without a comparison."""
        self._pair = None
        return self._results.end_comparison()
