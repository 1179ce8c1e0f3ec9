"""A submit that has no batch yet, as commands and panes see it. Pure."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from batch_tui.domain.files import Progress
from batch_tui.domain.text import printable

if TYPE_CHECKING:
    from batch_tui.domain.operation import SubmitOperation
    from batch_tui.engine.submitting.submission import Phase

_PREFIX = "submit:"


class PendingSubmit(Struct, frozen=True):
    """One submit without a batch, as it stands."""

    operation: SubmitOperation
    phase: Phase | None = None
    """What is being done for it now; None when nothing is."""
    progress: Progress | None = None
    """Of its upload, while that runs."""
    per_second: float | None = None
    """Bytes a second of the upload; None before two measurements."""
    hindrance: str = ""
    """Why it doesn't move although it runs."""
    is_queued: bool = False
    """True while the queue sends it, which goes on by itself."""

    @property
    def row_id(self) -> str:
        """The id of its row: never a batch's."""
        return _PREFIX + self.operation.intent

    @property
    def name(self) -> str:
        """What it is called."""
        return printable(self.operation.name or Path(self.operation.path).name, 256)

    @property
    def is_running(self) -> bool:
        """True while something is being done for it."""
        return self.phase is not None

    @property
    def is_stoppable(self) -> bool:
        """True while stopping it leaves nothing in doubt: the create has not been sent."""
        return self.phase is not None and self.phase.is_stoppable and not self.is_queued

    @property
    def is_unsettled(self) -> bool:
        """True when nobody has looked for its batch yet: it can't be let go before."""
        return self.operation.is_unsettled

    @property
    def is_in_doubt(self) -> bool:
        """True when its batch may exist."""
        return self.operation.may_exist

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until the file is there, or None when nobody knows."""
        progress = self.progress
        if progress is None or progress.total is None or not self.per_second:
            return None
        return max(0, progress.total - progress.done) / self.per_second


def command_twin(pending: PendingSubmit) -> str:
    """The command line that submits the same file."""
    return f"batch-tui submit {shlex.quote(pending.operation.path)}"
