"""One submit driven from where its operation stands to where nothing more can be done for it."""

from __future__ import annotations

from pathlib import Path

from batch_tui.domain.errors import (
    BatchTuiError,
    InputFileError,
    NotFoundError,
    RefusedError,
    ServiceError,
    TransferStalledError,
    UnsupportedError,
)
from batch_tui.domain.files import Progress
from batch_tui.domain.operation import Step, SubmitOperation
from batch_tui.engine.kit import Kit
from batch_tui.engine.submitting.create import Creator
from batch_tui.engine.submitting.submission import OnStep, Phase, Submission, message_of, phase_of
from batch_tui.engine.submitting.upload import upload

_PHASES = {Step.UPLOAD: Phase.UPLOADING, Step.CREATE: Phase.CREATING, Step.SETTLE: Phase.SETTLING}

_GOES_ON = "The upload goes on by itself when the service is back."


class Driver:
    """Drives one operation; its caller holds the operation's claim.

    Args:
        kit: The parts shared by all actions.
        creator: Makes and finds batches.
        operation: Where to start, already durable.
        on_step: Told of every change.
    """

    def __init__(self, kit: Kit, creator: Creator, operation: SubmitOperation, on_step: OnStep | None) -> None:
        self._kit = kit
        self._creator = creator
        self._operation = operation
        self._on_step = on_step
        self._error: BatchTuiError | None = None

    async def run(self) -> Submission:
        """Go on until it is submitted, has failed, or nobody but the user can tell what to do.

        Raises:
            StateError: The next call's intent can't be made durable, so the call was not made.
        """
        while (step := self._operation.next_step) in _PHASES:
            self._tell(_PHASES[step])
            match step:
                case Step.UPLOAD:
                    self._operation = await self._upload()
                case Step.CREATE:
                    self._operation = await self._creator.create(self._operation)
                case _:
                    self._operation = await self._creator.settle(self._operation)
                    if self._operation.next_step is Step.SETTLE:
                        break  # nobody could tell; the next listing that comes in may
        return self._tell(phase_of(self._operation), message_of(self._operation))

    async def _upload(self) -> SubmitOperation:
        operation = await self._creator.note(self._operation.upload_begins())
        self._operation = operation

        def on_progress(progress: Progress) -> None:
            self._tell(Phase.UPLOADING, progress=progress)

        def on_away(error: BatchTuiError) -> None:
            self._tell(Phase.UPLOADING, f"{error} {_GOES_ON}")

        try:
            file = await upload(
                self._kit,
                Path(operation.path),
                sha256=operation.sha256,
                on_progress=on_progress,
                on_away=on_away,
            )
        except (ServiceError, TransferStalledError, InputFileError) as error:
            self._error = error
            final = (RefusedError, NotFoundError, UnsupportedError, InputFileError)
            after = operation.refused if isinstance(error, final) else operation.held
            return await self._creator.note_outcome(after(str(error)))
        return await self._creator.note(operation.upload_done(file.id, file.created_at))

    def _tell(self, phase: Phase, message: str = "", progress: Progress | None = None) -> Submission:
        operation = self._operation
        batch = self._kit.store.get(operation.batch_id) if operation.batch_id else None
        submission = Submission(
            intent=operation.intent,
            phase=phase,
            batch=batch,
            message=message,
            progress=progress,
            error=self._error or self._creator.errors.get(operation.intent),
            operation=operation,
        )
        if self._on_step is not None:
            self._on_step(submission)
        return submission
