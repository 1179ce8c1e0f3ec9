"""Whether a batch may run: its input file, and the room in its model's queue."""

from __future__ import annotations

from dataclasses import replace

from batch_tui.domain.limits import Limits
from batch_tui.gateway.account import Account
from batch_tui.gateway.records import BatchObject, ErrorEntry
from batch_tui.gateway.validator import CheckFile, Findings, find_faults


class InputJudge:
    """Validates a batch's input and its place in the queue.

    Args:
        account: Holds the files, and the batches already queued.
        limits: What the service accepts.
        check: Who knows the rules of input files.
    """

    def __init__(self, account: Account, limits: Limits, check: CheckFile) -> None:
        self._account = account
        self._limits = limits
        self._check = check

    async def __call__(self, batch: BatchObject) -> Findings:
        """Look at a batch's input file."""
        path = self._account.content(batch.input_file_id)
        findings = await find_faults(path, self._limits, batch.endpoint, self._check)
        if findings.errors:
            return findings
        refusal = self._queue_refusal(batch.id, findings)
        if refusal is not None:
            return Findings(findings.requests, findings.model, 0, (refusal,))
        # Its place is taken at once: another batch may be judged before this one runs.
        queued = replace(self._account.batches[batch.id], tokens=findings.tokens, queue=findings.model)
        await self._account.put_batch(queued)
        return findings

    def _queue_refusal(self, batch_id: str, findings: Findings) -> ErrorEntry | None:
        """The service's words when a model's queue has no room (they are the only place that tells the limit)."""
        room = self._limits.enqueued_tokens
        if room is None:
            return None
        queued = sum(
            stored.tokens
            for stored in self._account.batches.values()
            if not stored.batch.is_ended and stored.queue == findings.model and stored.batch.id != batch_id
        )
        if queued + findings.tokens <= room:
            return None
        message = (
            f"Enqueued token limit reached for {findings.model} in organization org-gateway. Limit: {room:,} "
            "enqueued tokens. Please try again once some in_progress batches have been completed."
        )
        return ErrorEntry("token_limit_exceeded", message)
