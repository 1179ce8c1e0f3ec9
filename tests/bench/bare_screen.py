"""What our screen is measured against: Textual's own widgets, as many of them, nothing behind."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Header, Tree

ROWS = 30


class Bare(App[None]):
    """Header, footer, a tree and two tables."""

    BINDINGS = [("q", "quit", "Quit")]  # noqa: RUF012 - Textual's own form

    def compose(self) -> ComposeResult:
        """The widgets."""
        yield Header()
        with Horizontal():
            yield Tree[str]("files")
            with Vertical():
                yield DataTable[str](id="batches")
                yield DataTable[str](id="results")
        yield Footer()

    def on_mount(self) -> None:
        """Fill the tables."""
        for name in ("#batches", "#results"):
            table = self.query_one(name, DataTable)
            table.add_columns("name", "status", "done")
            for number in range(ROWS):
                table.add_row(f"nightly-eval-{number:05d}", "in_progress", "31.0k/50.0k")


if __name__ == "__main__":
    Bare().run()
