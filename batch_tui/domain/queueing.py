"""The parts of a queue that are pure: what a part waits for, and what a refusal teaches.

A service takes only so many queued input tokens per model, and says how many only when it refuses: a batch fails
with ``token_limit_exceeded`` and a sentence that names the limit (recorded from refused batches). A batch refused
so never ran, so sending it again is no retry of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from batch_tui.domain.batch import NO_METADATA, Batch
from batch_tui.domain.formatting import plural
from batch_tui.domain.problems import Code
from batch_tui.domain.status import BatchStatus

_LIMIT = re.compile(r"limit:\s*([0-9][0-9,._]*)\s*enqueued tokens", re.IGNORECASE)
_MODEL = re.compile(r"limit reached for\s+(\S+)(?:\s+in organi[sz]ation|\.)", re.IGNORECASE)
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 900.0
"""Seconds before a part that was refused is tried again; doubled each time, for others share the limit."""
HOUR = 3600.0


class QueueStage(StrEnum):
    """How far a queued file came."""

    WAITING = "waiting"
    """Held back until there is room."""
    SENDING = "sending"
    """Its intent is chosen; the journal knows whether the batch was made."""
    SENT = "sent"
    """The batch exists and is being validated: it may still be refused for its tokens."""
    TAKEN = "taken"
    """The service took it: it runs, or ran."""
    FAILED = "failed"
    """It can't be sent; ``reason`` says why."""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One file that becomes one batch when there is room."""

    id: str
    path: str
    """Absolute; it must stay until the file is sent."""
    sha256: str
    """Of the bytes that were checked: only these are ever sent."""
    endpoint: str
    model: str
    tokens: int
    """Input tokens, estimated."""
    requests: int
    created_at: float
    """Unix seconds."""
    host: str = ""
    """The service it is meant for."""
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    completion_window: str = "24h"
    expires_after: int | None = None
    parent: str | None = None
    """The batch whose requests it sends again."""
    stage: QueueStage = QueueStage.WAITING
    intent: str | None = None
    """The submit that makes its batch; chosen and written down before anything is sent."""
    batch_id: str | None = None
    refusals: int = 0
    """How often it was refused for the limit; costs no retry."""
    not_before: float = 0.0
    """Unix seconds."""
    reason: str = ""
    """Why it stands where it stands, one sentence."""

    @property
    def is_open(self) -> bool:
        """True while something is still to be done for it."""
        return self.stage not in {QueueStage.TAKEN, QueueStage.FAILED}

    def refused(self, now: float, reason: str) -> QueueEntry:
        """Back among the waiting, for longer each time."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self.refusals)
        return replace(
            self,
            stage=QueueStage.WAITING,
            intent=None,
            batch_id=None,
            refusals=self.refusals + 1,
            not_before=now + pause,
            reason=reason,
        )


@dataclass(frozen=True, slots=True)
class TokenLimit:
    """What a refusal taught."""

    model: str
    """Empty when the sentence names none."""
    tokens: int


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the limits is used up."""

    queued: Mapping[str, int]
    """Tokens of the batches that haven't ended, by model."""
    limits: Mapping[str, int]
    """Tokens that may be queued, by model; a model without an entry has no known limit."""
    creations: tuple[float, ...]
    """When batches were made in the last hour, Unix seconds, ascending."""
    creations_per_hour: int

    def obstacle(self, entry: QueueEntry, now: float) -> str:
        """Why an entry can't be sent now, one sentence; empty when it can."""
        if now < entry.not_before:
            return entry.reason or "It was refused a moment ago."
        recent = [at for at in self.creations if at > now - HOUR]
        if len(recent) >= self.creations_per_hour:
            made = f"{plural(len(recent), 'batch')} {'was' if len(recent) == 1 else 'were'} made"
            return f"{made} within the hour; the service takes no more."
        limit, used = self.limits.get(entry.model), self.queued.get(entry.model, 0)
        # With nothing of ours queued it is sent, however large: only the service can tell what it takes.
        if limit is not None and used and used + entry.tokens > limit:
            return f"{used:,} of {limit:,} tokens of {entry.model} are queued; it needs {entry.tokens:,}."
        return ""


def limit_of(batch: Batch) -> TokenLimit | None:
    """The limit of queued tokens a refused batch tells of; None for a batch that wasn't refused for it."""
    for error in batch.errors:
        match = _LIMIT.search(error.message)
        if match is None:
            continue
        named = _MODEL.search(error.message)
        digits = re.sub(r"[^0-9]", "", match[1])
        return TokenLimit(named[1].rstrip(".") if named else batch.model or "", int(digits[:15]))
    return None


def is_refused_for_tokens(batch: Batch) -> bool:
    """True for a batch that never ran because too many tokens were queued: it costs no retry to send it again."""
    if batch.status is not BatchStatus.FAILED:
        return False
    return any(error.code == Code.TOKEN_LIMIT or _LIMIT.search(error.message) for error in batch.errors)


def queued_tokens(batches: Iterable[Batch], tokens_of: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Tokens of the batches that haven't ended, by model.

    Args:
        batches: The account's.
        tokens_of: Model and estimated input tokens of the batches made from here, by id.
    """
    queued: dict[str, int] = {}
    for batch in batches:
        model, tokens = tokens_of.get(batch.id, (batch.model or "", 0))
        if not batch.is_terminal and tokens:
            queued[model] = queued.get(model, 0) + tokens
    return queued
