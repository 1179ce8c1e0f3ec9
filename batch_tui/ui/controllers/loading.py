"""Modules that the first picture needs nothing of, loaded when it stands: the first use of each waits for none."""

from __future__ import annotations

import asyncio
from importlib import import_module

_LATER = (
    "batch_tui.engine.submitting.submit",
    "batch_tui.engine.cancel",
    "batch_tui.ui.actions.cancel",
    "batch_tui.engine.results.collect",
    "batch_tui.jsonl.worker.workshop",
    "batch_tui.engine.verdicts",
    "batch_tui.ui.controllers.queue_feed",
    "batch_tui.ui.panes.filter_language",
    "batch_tui.ui.panes.pending",
    "batch_tui.ui.panes.queued",
    "batch_tui.engine.results.resubmit",
    "batch_tui.ui.actions.submit",
    "batch_tui.ui.actions.fix",
    "batch_tui.ui.actions.save",
    "batch_tui.ui.panes.outcome_listing",
    "batch_tui.ui.text.conversation",
    "batch_tui.engine.results.comparing",
    "batch_tui.ui.actions.compare",
)
"""What is needed soonest comes first."""


async def load_the_rest() -> None:
    """Load them beside the event loop."""
    await asyncio.to_thread(_load)


def _load() -> None:
    for name in _LATER:
        import_module(name)
