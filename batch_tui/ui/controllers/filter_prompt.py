"""The filter prompt: what is typed narrows the pane it was opened on, at once."""

from __future__ import annotations

from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.results import ResultsPane
from batch_tui.ui.widgets.dock import Dock, Level

FILTER = "filter"
"""The prompt's kind."""


class FilterPrompt:
    """Opens the prompt for a pane and gives the pane what is typed.

    Args:
        dock: The docked line.
    """

    def __init__(self, dock: Dock) -> None:
        self._dock = dock
        self._pane: Pane | None = None

    def open(self, pane: Pane) -> None:
        """Ask for a filter, or for a text to find."""
        self._pane = pane
        is_text = isinstance(pane, ResultsPane) and pane.is_answer_open
        text = pane.filter_text if isinstance(pane, BatchesPane | ResultsPane) and not is_text else ""
        self._dock.ask_text(FILTER, "/", text)

    def typed(self, text: str) -> None:
        """Something was typed."""
        try:
            note = self._apply(text)
        except ValueError as error:
            self._dock.set_prompt_note(str(error), Level.WARN)
            return
        self._dock.set_prompt_note(note)

    def dismissed(self) -> None:
        """The prompt was left: everything is shown again."""
        self._apply("")

    def restore(self, pane: BatchesPane, text: str) -> None:
        """Put a stored filter back."""
        self._pane = pane
        try:
            self._apply(text)
        except ValueError:
            self._apply("")

    def _apply(self, text: str) -> str:
        match self._pane:
            case BatchesPane() as pane:
                return self._filter_batches(pane, text)
            case FilesPane() as pane:
                return f"{pane.set_filter(text)} match"
            case ResultsPane() as pane if not pane.is_answer_open:
                return f"{pane.set_filter(text)} match"
            case ResultsPane() as pane:
                return str(pane.reader.search(text))
            case InspectPane() as pane:
                return str(pane.search(text))
            case _:
                return ""

    def _filter_batches(self, pane: BatchesPane, text: str) -> str:
        from batch_tui.ui.panes.filter_language import parse_filter  # noqa: PLC0415 - not at the start

        found = parse_filter(text)
        shown = pane.set_filter(text, found or None)
        if found.mistake:
            raise ValueError(found.mistake)
        return f"{shown} match"
