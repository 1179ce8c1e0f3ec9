"""What is asked for when a file is submitted, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from batch_tui.domain.batch import NO_METADATA, Batch
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress
from batch_tui.domain.operation import SubmitOperation, SubmitStage
from batch_tui.domain.problems import Report


class SubmitOrder(Struct, frozen=True):
    """One checked file to be made into one batch."""

    path: Path
    report: Report
    """The check that the file passed: only bytes with its ``sha256`` are sent."""
    endpoint: str
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    completion_window: str = "24h"
    expires_after: int | None = None
    """Seconds the output file is kept, or None for the service's default."""
    parent: str | None = None
    """The batch whose requests are sent again."""
    intent: str | None = None
    """The intent, when it was chosen and written down before; never that of an earlier submit."""
    needs_journal: bool = True
    """False only when the user insists although nothing can be written down."""


class Phase(StrEnum):
    """What is happening to a submit, for the screen."""

    UPLOADING = "uploading"
    CREATING = "creating"
    SETTLING = "settling"
    """The reply was lost; the batch is looked for."""
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    """It may have been submitted, and is not found (yet)."""
    FAILED = "failed"
    """Nothing was submitted."""

    @property
    def is_running(self) -> bool:
        """True while something is being done for the submit."""
        return self in {Phase.UPLOADING, Phase.CREATING, Phase.SETTLING}

    @property
    def is_stoppable(self) -> bool:
        """True while stopping the submit leaves nothing in doubt: the create has not been sent."""
        return self is Phase.UPLOADING


class Submission(Struct, frozen=True):
    """A submit as it stands."""

    intent: str
    phase: Phase
    batch: Batch | None = None
    message: str = ""
    """What is to be told; empty while all goes well."""
    progress: Progress | None = None
    """Of the upload, while it runs."""
    error: BatchTuiError | None = None
    """Why it failed, when a call said so."""
    operation: SubmitOperation | None = None


OnStep = Callable[[Submission], None]
_PHASES: Mapping[SubmitStage, Phase] = {
    SubmitStage.PLANNED: Phase.UPLOADING,
    SubmitStage.UPLOADING: Phase.UPLOADING,
    SubmitStage.UPLOADED: Phase.CREATING,
    SubmitStage.CREATING: Phase.CREATING,
    SubmitStage.AMBIGUOUS: Phase.UNKNOWN,
    SubmitStage.MAYBE: Phase.UNKNOWN,
    SubmitStage.SUBMITTED: Phase.SUBMITTED,
}


def phase_of(operation: SubmitOperation) -> Phase:
    """What the screen says about an operation that nothing is being done for."""
    return Phase.FAILED if operation.is_held else _PHASES.get(operation.stage, Phase.FAILED)


def message_of(operation: SubmitOperation) -> str:
    """One sentence on how an operation stands; empty when it is submitted."""
    why = f" ({operation.reason.rstrip('.')})" if operation.reason else ""
    match operation.stage:
        case SubmitStage.SUBMITTED:
            return ""
        case SubmitStage.MAYBE:
            return f"Maybe submitted, but not found{why}: submit it again, or dismiss it."
        case SubmitStage.CREATING | SubmitStage.AMBIGUOUS:
            return f"Maybe submitted, not confirmed yet{why}: it is looked for as soon as the service answers."
        case SubmitStage.REPLACED:
            return "Submitted again."
        case SubmitStage.DISMISSED:
            return "Dismissed."
        case _:
            return operation.reason or "Interrupted before it was sent: submit it again, or dismiss it."


def standing(operation: SubmitOperation, batch: Batch | None = None) -> Submission:
    """A submit that nothing is being done for, as it stands."""
    return Submission(
        operation.intent,
        phase_of(operation),
        batch=batch,
        message=message_of(operation),
        operation=operation,
    )
