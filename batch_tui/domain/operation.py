"""What was asked of the service and how far it came: the durable side of every paid or cancelling call.

A submit is one *intent*. It moves only along these arrows, each written to disk before the next call::

    PLANNED → UPLOADING → UPLOADED → CREATING ─────────────→ SUBMITTED
                 ↑            ↑         │ proven no effect ↩      ↑
                 └── file gone┘         ├─→ REFUSED               │ found by listing, however late
                                        └─→ AMBIGUOUS ────────────┤
                                                └─→ MAYBE ────────┘→ DISMISSED | REPLACED

``CREATING`` is on disk before the POST leaves, so whoever finds it after a crash knows that a POST *may* have
been sent, and must look for the batch instead of sending another. No arrow leads from ``CREATING``,
``AMBIGUOUS`` or ``MAYBE`` back to a POST of the same intent unless the first is proven to have had no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, NO_METADATA, PARENT_KEY, Batch, NewBatch


class SubmitStage(StrEnum):
    """How far a submit came."""

    PLANNED = "planned"
    """Written down; nothing was sent."""
    UPLOADING = "uploading"
    """The input file may be on its way; costs nothing."""
    UPLOADED = "uploaded"
    """The service has the input file; no create is in doubt."""
    CREATING = "creating"
    """The one POST may have been sent."""
    AMBIGUOUS = "ambiguous"
    """The POST was sent and its outcome is unknown; it is being looked for."""
    MAYBE = "maybe"
    """Looked for and not found; only the user decides what happens next."""
    SUBMITTED = "submitted"
    """The batch exists and is known."""
    REFUSED = "refused"
    """The service or a check refused it: proven that no batch was made."""
    DISMISSED = "dismissed"
    """The user let it go."""
    REPLACED = "replaced"
    """The user submitted it again as another intent."""


class Step(StrEnum):
    """What has to be done next for a submit."""

    UPLOAD = "upload"
    CREATE = "create"
    SETTLE = "settle"
    """Look for the batch in the service's list."""
    ASK = "ask"
    """Nothing without the user's word."""
    NONE = "none"
    """It has come to its end."""


_MOVES: Mapping[SubmitStage, frozenset[SubmitStage]] = {
    SubmitStage.PLANNED: frozenset({SubmitStage.UPLOADING, SubmitStage.REFUSED, SubmitStage.DISMISSED}),
    SubmitStage.UPLOADING: frozenset(
        {SubmitStage.UPLOADING, SubmitStage.UPLOADED, SubmitStage.REFUSED, SubmitStage.DISMISSED},
    ),
    SubmitStage.UPLOADED: frozenset(
        {SubmitStage.UPLOADING, SubmitStage.CREATING, SubmitStage.REFUSED, SubmitStage.DISMISSED},
    ),
    SubmitStage.CREATING: frozenset(
        {SubmitStage.UPLOADED, SubmitStage.SUBMITTED, SubmitStage.REFUSED, SubmitStage.AMBIGUOUS},
    ),
    SubmitStage.AMBIGUOUS: frozenset({SubmitStage.SUBMITTED, SubmitStage.MAYBE, SubmitStage.DISMISSED}),
    SubmitStage.MAYBE: frozenset({SubmitStage.SUBMITTED, SubmitStage.DISMISSED, SubmitStage.REPLACED}),
    SubmitStage.SUBMITTED: frozenset(),
    SubmitStage.REFUSED: frozenset(),
    SubmitStage.DISMISSED: frozenset({SubmitStage.SUBMITTED}),
    SubmitStage.REPLACED: frozenset({SubmitStage.SUBMITTED}),
}
_STEPS: Mapping[SubmitStage, Step] = {
    SubmitStage.PLANNED: Step.UPLOAD,
    SubmitStage.UPLOADING: Step.UPLOAD,
    SubmitStage.UPLOADED: Step.CREATE,
    SubmitStage.CREATING: Step.SETTLE,
    SubmitStage.AMBIGUOUS: Step.SETTLE,
    SubmitStage.MAYBE: Step.ASK,
}
_MAY_EXIST = frozenset(
    {
        SubmitStage.CREATING,
        SubmitStage.AMBIGUOUS,
        SubmitStage.MAYBE,
        SubmitStage.DISMISSED,
        SubmitStage.REPLACED,
    },
)


class IllegalMoveError(AssertionError):
    """A stage was asked to follow one that it can't follow: a bug, never a state of the world."""


@dataclass(frozen=True, slots=True)
class SubmitOperation:
    """One intent to make one batch."""

    intent: str
    """The nonce (32 hex digits) that the batch carries in its metadata."""
    path: str
    """The local input file, absolute."""
    sha256: str
    """Of the bytes that were checked: only these are ever sent."""
    endpoint: str
    created_at: int
    """Unix seconds by the local clock, for display only."""
    stage: SubmitStage = SubmitStage.PLANNED
    requests: int = 0
    size: int = 0
    """Bytes of the input file."""
    model: str | None = None
    """The model its requests name."""
    tokens: int = 0
    """Its input tokens, estimated; 0 when nobody counted."""
    host: str = ""
    """The service it was meant for."""
    name: str | None = None
    parent: str | None = None
    """The batch whose requests are sent again, or None."""
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    """The user's own pairs, without ours."""
    completion_window: str = "24h"
    expires_after: int | None = None
    file_id: str | None = None
    """The input file at the service, once it's there."""
    server_time: int | None = None
    """When the service says the input file came: no batch of this intent is older."""
    batch_id: str | None = None
    replaces: str | None = None
    """The intent that this one was submitted again for."""
    reason: str = ""
    """Why it stands where it stands, one sentence; empty when all went well."""
    is_held: bool = False
    """True when nothing more is done before the user says so, although no create is in doubt."""

    @property
    def input_tokens(self) -> int:
        """Input tokens of the file, estimated; from its size in records that hold no better estimate."""
        return self.tokens or self.size // 4

    @property
    def next_step(self) -> Step:
        """What has to be done, after a crash just as in the middle of a submit."""
        if self.is_held:
            return Step.ASK
        return _STEPS.get(self.stage, Step.NONE)

    @property
    def is_open(self) -> bool:
        """True until it has come to an end that asks nothing of anybody."""
        return self.next_step is not Step.NONE

    @property
    def may_exist(self) -> bool:
        """True when a batch of this intent may exist without being known here."""
        return self.stage in _MAY_EXIST and self.file_id is not None

    @property
    def is_unsettled(self) -> bool:
        """True when nobody has looked for its batch yet, which may exist."""
        return self.stage is SubmitStage.CREATING

    @property
    def order(self) -> NewBatch:
        """The create call, with the nonce in its metadata."""
        return NewBatch(
            input_file_id=self.file_id or "",
            endpoint=self.endpoint,
            completion_window=self.completion_window,
            metadata=full_metadata(self.intent, self.name, self.parent, self.metadata),
            output_expires_after=self.expires_after,
        )

    def made(self, batch: Batch) -> bool:
        """True for the batch this intent made: by its nonce, or by its file where metadata is not kept."""
        nonce = batch.metadata.get(INTENT_KEY)
        if nonce is not None:
            return nonce == self.intent
        return self.file_id is not None and batch.input_file_id == self.file_id

    def upload_begins(self) -> SubmitOperation:
        """The input file is about to be sent, for the first time or again."""
        return self._to(SubmitStage.UPLOADING, file_id=None)

    def upload_done(self, file_id: str, server_time: int | None) -> SubmitOperation:
        """The service has the input file."""
        return self._to(SubmitStage.UPLOADED, file_id=file_id, server_time=server_time)

    def create_begins(self) -> SubmitOperation:
        """The POST is about to leave; must be durable before it does."""
        return self._to(SubmitStage.CREATING)

    def create_had_no_effect(self, reason: str) -> SubmitOperation:
        """The POST failed in a way that proves it made nothing."""
        return self._to(SubmitStage.UPLOADED, reason=reason)

    def create_in_doubt(self, reason: str) -> SubmitOperation:
        """The POST failed in a way that proves nothing."""
        return self._to(SubmitStage.AMBIGUOUS, reason=reason)

    def not_found(self) -> SubmitOperation:
        """The service was asked for long enough and doesn't list it."""
        return self._to(SubmitStage.MAYBE, reason=self.reason)

    def submitted(self, batch_id: str) -> SubmitOperation:
        """The batch is known."""
        return self._to(SubmitStage.SUBMITTED, batch_id=batch_id)

    def refused(self, reason: str) -> SubmitOperation:
        """No batch was made and none will be."""
        return self._to(SubmitStage.REFUSED, reason=reason)

    def dismissed(self, reason: str = "") -> SubmitOperation:
        """The user let it go."""
        return self._to(SubmitStage.DISMISSED, reason=reason or self.reason)

    def replaced(self) -> SubmitOperation:
        """The user submitted it again as a new intent."""
        return self._to(SubmitStage.REPLACED)

    def held(self, reason: str) -> SubmitOperation:
        """Wait for the user's word; only where no create is in doubt."""
        if self.next_step not in {Step.UPLOAD, Step.CREATE, Step.ASK} or self.stage is SubmitStage.MAYBE:
            raise IllegalMoveError(f"{self.stage} can't be held")
        return replace(self, is_held=True, reason=reason)

    def released(self) -> SubmitOperation:
        """The user said to go on."""
        return replace(self, is_held=False, reason="")

    def _to(
        self,
        stage: SubmitStage,
        *,
        reason: str = "",
        file_id: str | None = "",
        server_time: int | None = None,
        batch_id: str | None = None,
    ) -> SubmitOperation:
        if stage not in _MOVES[self.stage]:
            raise IllegalMoveError(f"{self.stage} can't become {stage}")
        return replace(
            self,
            stage=stage,
            reason=reason,
            is_held=False,
            file_id=self.file_id if file_id == "" else file_id,
            server_time=self.server_time if server_time is None else server_time,
            batch_id=self.batch_id if batch_id is None else batch_id,
        )


class CancelStage(StrEnum):
    """How far a cancellation came."""

    SENDING = "sending"
    """Asked for, and not yet confirmed by the service."""
    CONFIRMED = "confirmed"
    """The service says ``cancelling`` or ``cancelled``."""
    NOTHING_TO_DO = "nothing_to_do"
    """The batch had ended by itself."""
    REFUSED = "refused"
    """The service refuses, or the user let it go."""


@dataclass(frozen=True, slots=True)
class CancelOperation:
    """One wish to stop one batch; goes on over restarts until the service has answered it."""

    intent: str
    batch_id: str
    created_at: int
    """Unix seconds by the local clock, for display only."""
    host: str = ""
    stage: CancelStage = CancelStage.SENDING
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """True until the service has confirmed or refused."""
        return self.stage is CancelStage.SENDING

    def ended(self, stage: CancelStage, reason: str = "") -> CancelOperation:
        """The service's answer."""
        if not self.is_open:
            raise IllegalMoveError(f"a cancellation that is {self.stage} can't become {stage}")
        return replace(self, stage=stage, reason=reason)


Operation = SubmitOperation | CancelOperation


def full_metadata(
    intent: str,
    name: str | None,
    parent: str | None,
    metadata: Mapping[str, str],
) -> dict[str, str]:
    """The metadata a batch is created with: the user's pairs and ours, ours winning."""
    pairs = dict(metadata)
    if name:
        pairs[NAME_KEY] = name
    if parent:
        pairs[PARENT_KEY] = parent
    pairs[INTENT_KEY] = intent
    return pairs
