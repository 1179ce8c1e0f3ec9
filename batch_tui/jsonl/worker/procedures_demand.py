"""The worker's procedure over what the requests of a file ask for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from batch_tui.jsonl.demand import read_demand
from batch_tui.jsonl.worker.calls import DemandCall, bytes_path
from batch_tui.jsonl.worker.main import Answer, Procedure, Reply


def demand(call: msgspec.Raw, reply: Reply, /) -> Answer:
    """Read what a file asks for; the demands go back."""
    wanted = msgspec.json.decode(call, type=DemandCall)
    return Answer(
        read_demand(bytes_path(wanted.path), is_exact=wanted.is_exact, on_progress=reply.progress),
    )


PROCEDURES: Mapping[str, Procedure] = {"demand": demand}
"""What the worker finds here."""
