"""The filter prompt: what is typed narrows the pane it was opened on, at once."""

from __future__ import annotations

from batch_tui.domain.text import printable
from batch_tui.ui.panes.base import Pane
from batch_tui.ui.panes.batches import BatchesPane
from batch_tui.ui.panes.files import FilesPane
from batch_tui.ui.panes.inspect import InspectPane
from batch_tui.ui.panes.results import ResultsPane
from batch_tui.ui.widgets.dock import Dock, Level
from batch_tui.ui.widgets.reading import Matches

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
        self._found: Matches | None = None
        self._mistake = ""

    def open(self, pane: Pane) -> None:
        """Ask for a filter, or for a text to find."""
        self._pane, self._mistake = pane, ""
        is_text = isinstance(pane, ResultsPane) and pane.is_answer_open
        text = pane.filter_text if isinstance(pane, BatchesPane | ResultsPane) and not is_text else ""
        self._dock.ask_text(FILTER, "/", text)

    def typed(self, text: str) -> None:
        """Something was typed."""
        self._mistake = ""
        try:
            note = self._apply(text)
        except ValueError as error:
            self._mistake = str(error)
            self._dock.set_prompt_note(self._mistake, Level.WARN)
            return
        self._dock.set_prompt_note(note)

    def accepted(self, text: str) -> str:
        """One sentence for a search that found nothing, or for a filter that hides nothing because of a mistake.

        What an earlier search found isn't said any more.
        """
        self._dock.clear_message()
        if self._mistake:
            return f"Everything is shown: {self._mistake}"
        is_in_vain = self._found is not None and not self._found.lines
        return f"No line has {printable(text, 60)!r}." if is_in_vain and text else ""

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
        self._found = None
        match self._pane:
            case BatchesPane() as pane:
                return self._filter_batches(pane, text)
            case FilesPane() as pane:
                return f"{pane.set_filter(text)} match"
            case ResultsPane() as pane if not pane.is_answer_open:
                return f"{pane.set_filter(text)} match"
            case ResultsPane() as pane:
                self._found = pane.reader.search(text)
            case InspectPane() as pane:
                self._found = pane.search(text)
            case _:
                pass
        return "" if self._found is None else str(self._found)

    def _filter_batches(self, pane: BatchesPane, text: str) -> str:
        from batch_tui.ui.panes.filter_language import parse_filter  # noqa: PLC0415 - not at the start

        found = parse_filter(text)
        shown = pane.set_filter(text, found or None)
        if found.mistake:
            raise ValueError(found.mistake)
        return f"{shown} match"
