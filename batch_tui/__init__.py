"""batch-tui: the terminal cockpit for the OpenAI Batch API and the servers that speak it.

The way of one request line through the layers::

    input.jsonl → jsonl.check (domain rules) → api upload → api create              engine.submit
                → engine.monitor: api list → engine.store.apply → Changes → panes     up to 24 hours
                → api download → jsonl.join by custom_id → results pane             engine.collect
                → domain.retry decides → jsonl.retry_set → input.retry-1.jsonl        engine.resubmit, and again

Layers, arrows pointing down only (import-linter holds them)::

    cli        composition root, headless twin of every action
    ui         screens, panes, widgets; the only importer of textual and rich
    engine     the life cycle: monitor, submit, cancel, collect, resubmit, store, journal
    api|jsonl  the network (only importer of openai and httpx2) | local files
    domain     frozen values and pure rules
    gateway    the embedded Batch API server, a program of its own; shares domain and jsonl
"""

from batch_tui._version import __version__

__all__ = ["__version__"]
