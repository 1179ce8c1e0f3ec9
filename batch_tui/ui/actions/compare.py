"""Compare: two marked batches by custom_id, told in one sentence, with the command that lists every request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.formatting import amount, grouped
from batch_tui.domain.groups import stands_for_group
from batch_tui.jsonl.results.compare import Comparison, differences
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.turns import Change
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk


class CompareAction:
    """Compares the answers of two batches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def selected(self, selection: Selection) -> None:
        """Compare the two marked batches, the older one first."""
        pair = sorted(selection.marked, key=lambda batch: (batch.times.created or 0, batch.id))
        if len(pair) == 2:
            self._desk.start(self._compare(pair), name="compare", group="compare")

    async def _compare(self, pair: Sequence[Batch]) -> None:
        desk, (first, second) = self._desk, pair
        desk.say(f"Comparing {first.name} with {second.name}…")
        try:
            with await self._joined(first) as before, await self._joined(second) as after:
                comparison = await asyncio.to_thread(_compared, before, after)
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        text = comparison_text(comparison)
        desk.record(
            "compare",
            f"{first.name} → {second.name}: {text}",
            batch_id=second.id,
            command=f"batch-tui compare {first.id} {second.id} --show outcome --show answer",
        )
        desk.say(f"{first.name} → {second.name}: {text}")

    async def _joined(self, batch: Batch) -> JoinedResults:
        cockpit = self._desk.cockpit
        if stands_for_group(batch):
            return await cockpit.groups.join(batch.id)
        collected = await asyncio.to_thread(cockpit.collector.local_results, batch)
        if collected is None:
            collected = await cockpit.collector.collect(batch.id)
        return await cockpit.workshop.join([collected.files])


def _compared(first: JoinedResults, second: JoinedResults) -> Comparison:
    comparison = Comparison()
    for difference in differences(first, second):
        comparison.add(difference)
    return comparison


def comparison_text(comparison: Comparison) -> str:
    """What two batches differ in, in one line."""
    counts = comparison.counts
    words = [f"{grouped(counts[Change.SAME])} the same"]
    named = (
        (counts[Change.ANSWER], "other answers"),
        (comparison.gained, "now succeed"),
        (comparison.lost, "now fail"),
        (counts[Change.OUTCOME] - comparison.gained - comparison.lost, "fail otherwise"),
        (counts[Change.ONLY_FIRST], "only in the first"),
        (counts[Change.ONLY_SECOND], "only in the second"),
    )
    words += [f"{grouped(count)} {word}" for count, word in named if count]
    words.append(f"tokens out {amount(comparison.first_tokens[1])} → {amount(comparison.second_tokens[1])}")
    return ", ".join(words)
