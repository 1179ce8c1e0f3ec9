"""One request of a batch with its outcome, as a row of Results. Pure but for reading the answer's line."""

from __future__ import annotations

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.lines import Outcome
from batch_tui.engine.money.costs import row_costs
from batch_tui.engine.money.prices import PriceList
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.ui.panes.answers import first_words
from batch_tui.ui.panes.outcome import row_cells
from batch_tui.ui.text.cells import Cell


def result_row(
    joined: JoinedResults, index: int, prices: PriceList, *, batch: Batch | None, is_ascii: bool
) -> tuple[Cell, ...]:
    """The cells of a row.

    Args:
        joined: What came back.
        index: The request, in input order.
        prices: What tokens cost.
        batch: The price of its model holds where nobody knows the model that the answer names.
        is_ascii: Whether only ASCII may be drawn.
    """
    row, (cost,) = joined.row(index), row_costs(joined, (index,), prices)
    if cost is None and row.usage is not None and batch is not None:
        cost = prices.cost(batch.model, row.usage)
    words = ""
    if row.outcome is Outcome.SUCCEEDED and row.result is not None:
        try:
            words = first_words(joined.result_line(index))
        except InputFileError:
            words = ""
    return row_cells(row, words, cost, is_ascii=is_ascii)
