"""Submitting: at most one batch per intent, whatever the network, the disk or the power does.

The order of things, each written down before the next: the intent, the upload, the uploaded file, the POST,
its outcome. ``domain.operation`` says what may follow what; this module makes the calls.
"""

from __future__ import annotations

import asyncio
import shlex
import uuid
from collections.abc import Iterable
from dataclasses import replace

from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import BatchTuiError, ConfigurationError, InputFileError, ServiceError, StateError
from batch_tui.domain.limits import OPENAI_LIMITS, Limits, expiry_problem, metadata_problem
from batch_tui.domain.operation import Step, SubmitOperation, SubmitStage, full_metadata
from batch_tui.domain.text import printable
from batch_tui.engine.kit import Kit
from batch_tui.engine.submitting.create import Creator
from batch_tui.engine.submitting.drive import Driver
from batch_tui.engine.submitting.reconcile import find_batch_of
from batch_tui.engine.submitting.recover import Recovery, open_submits
from batch_tui.engine.submitting.submission import OnStep, Phase, Submission, SubmitOrder, standing

__all__ = ["OnStep", "Phase", "Submission", "SubmitOrder", "Submitter"]


class Submitter:
    """Submits files, and finishes or reports what earlier runs left unfinished.

    Args:
        kit: The parts shared by all actions.
        limits: What the service accepts.
    """

    def __init__(self, kit: Kit, *, limits: Limits = OPENAI_LIMITS) -> None:
        self._kit = kit
        self._limits = limits
        self._creator = Creator(kit)
        self._recovery = Recovery(kit, self._creator, self._drive)
        self._under_way: dict[str, Submission] = {}
        self._is_closing = False

    def begin_close(self) -> None:
        """The program is about to end: what is cancelled from now on goes on at the next start."""
        self._is_closing = True

    async def submit(self, order: SubmitOrder, *, on_step: OnStep | None = None) -> Submission:
        """Upload a checked file and create its batch.

        Cancelling the awaiting task stops it at once; what was not sent then waits for the user's word.

        Args:
            order: What to submit.
            on_step: Told of every change, on the event loop.

        Returns:
            How it ended: ``SUBMITTED``, ``FAILED`` (nothing was made) or ``UNKNOWN`` (it may have been).

        Raises:
            StateError: The intent can't be written down, so nothing was sent.
        """
        await self._kit.journal.ensure_loaded()
        operation = self._planned(order)
        objection = self._objection(order, operation)
        if objection is not None:
            return Submission(operation.intent, Phase.FAILED, message=str(objection), error=objection)
        if not order.needs_journal:
            self._creator.do_without_journal(operation.intent)
        self._kit.events.record("submit", f"Submitting {operation.path}", command=_command(operation))
        async with self._kit.journal.claim(operation.intent):
            await self._creator.note(operation)
            await self._let_go_of_unsent(operation)
            return await self._drive(operation, on_step)

    async def recover(self, *, resume: bool = False, on_step: OnStep | None = None) -> tuple[Submission, ...]:
        """Take up what earlier runs left; see :meth:`Recovery.recover`."""
        return await self._recovery.recover(resume=resume, on_step=on_step)

    async def notice(self, batches: Iterable[Batch]) -> tuple[Submission, ...]:
        """Settle what is in doubt by batches that were listed anyway; see :meth:`Recovery.notice`."""
        return await self._recovery.notice(batches)

    def pending(self) -> tuple[SubmitOperation, ...]:
        """Every submit that is under way, in doubt, or waits for the user's word; oldest first."""
        return open_submits(self._kit)

    def under_way(self, intent: str) -> Submission | None:
        """What this process does for a submit right now, whoever asked for it; None when it does nothing."""
        return self._under_way.get(intent)

    def earlier(self, sha256: str) -> tuple[SubmitOperation, ...]:
        """Submits of the very same bytes that made a batch, oldest first: to ask before paying twice."""
        return tuple(o for o in self._kit.journal.submits() if o.sha256 == sha256 and o.batch_id is not None)

    def in_doubt(self, sha256: str, endpoint: str) -> SubmitOperation | None:
        """The open submit of the very same bytes that may have made a batch; None without one."""
        return next(
            (o for o in self.pending() if o.may_exist and (o.sha256, o.endpoint) == (sha256, endpoint)), None
        )

    async def dismiss(self, intent: str) -> None:
        """Let an open submit go: nothing more is done for it, and no batch is touched.

        Raises:
            StateError: It can't be written down, or it is being worked on right now.
        """
        async with self._kit.journal.claim(intent) as is_ours:
            operation = await self._open_operation(intent, is_ours=is_ours)
            await self._creator.note(operation.dismissed())
        self._kit.events.record("submit", f"Dismissed the submit of {operation.path}.")

    async def resubmit(self, intent: str, *, on_step: OnStep | None = None) -> Submission:
        """Submit an open one again, on the user's word.

        What was never sent goes on. What may have been sent is looked for once more, and only then replaced
        by a new intent, which may make a second batch: that is what the user decided.

        Raises:
            StateError: It can't be written down, is being worked on right now, or the profile is read-only.
        """
        if self._kit.is_read_only:
            raise StateError("This profile is read-only: nothing is submitted.")
        async with self._kit.journal.claim(intent) as is_ours:
            operation = await self._open_operation(intent, is_ours=is_ours)
            if operation.next_step is Step.SETTLE or operation.is_held:
                held = await self._creator.note(operation.released())
                submission = await self._drive(held, on_step)
                if submission.operation is None or submission.operation.stage is not SubmitStage.MAYBE:
                    return submission
                operation = submission.operation
            try:
                found = await find_batch_of(self._kit, operation)
            except ServiceError as error:
                message = f"Not sent again, for the first may exist and the list can't be read: {error}"
                return Submission(intent, Phase.UNKNOWN, message=message, error=error, operation=operation)
            if found is not None:
                return standing(await self._creator.found(operation, found), found)
            again = await self._replace(operation)
        async with self._kit.journal.claim(again.intent):
            return await self._drive(again, on_step)

    def _planned(self, order: SubmitOrder) -> SubmitOperation:
        return SubmitOperation(
            intent=order.intent or uuid.uuid4().hex,
            path=str(order.path.absolute()),
            sha256=order.report.sha256,
            endpoint=order.endpoint,
            created_at=int(self._kit.clock()),
            requests=order.report.requests,
            size=order.report.bytes,
            model=order.report.model,
            tokens=order.report.tokens_estimate,
            host=self._kit.service.host,
            name=None if order.name is None else _sendable(order.name),
            parent=order.parent,
            metadata={_sendable(key): _sendable(value) for key, value in order.metadata.items()},
            completion_window=order.completion_window,
            expires_after=order.expires_after,
        )

    def _objection(self, order: SubmitOrder, operation: SubmitOperation) -> BatchTuiError | None:
        """Why this order is not even begun, or None."""
        if self._kit.is_read_only:
            return ConfigurationError("This profile is read-only: nothing is submitted.")
        if not order.report.is_valid:
            return InputFileError(f"{order.path.name} would be refused; check it first.")
        if not order.endpoint:
            return InputFileError(f"{order.path.name} names no endpoint; give one.")
        metadata = full_metadata(operation.intent, operation.name, operation.parent, operation.metadata)
        problem = metadata_problem(metadata, self._limits) or expiry_problem(order.expires_after, self._limits)
        if problem is not None:
            return ConfigurationError(problem)
        if self.in_doubt(operation.sha256, operation.endpoint) is not None:
            return InputFileError(
                f"An earlier submit of {printable(order.path.name)} may have been taken; "
                "submit that one again or dismiss it first.",
            )
        return None

    async def _drive(self, operation: SubmitOperation, on_step: OnStep | None) -> Submission:
        def stepped(step: Submission) -> None:
            self._under_way[step.intent] = step
            if on_step is not None:
                on_step(step)

        try:
            submission = await Driver(self._kit, self._creator, operation, stepped).run()
        except asyncio.CancelledError:
            await self._stopped(operation.intent)
            raise
        finally:
            self._under_way.pop(operation.intent, None)
        batch_id = submission.batch.id if submission.batch else None
        text = submission.message or f"Submitted {operation.path} as {batch_id}."
        self._kit.events.record("submit", text, batch_id=batch_id)
        return submission

    async def _stopped(self, intent: str) -> None:
        operation = self._kit.journal.get(intent)
        is_unsent = isinstance(operation, SubmitOperation) and operation.next_step in {Step.UPLOAD, Step.CREATE}
        if isinstance(operation, SubmitOperation) and is_unsent and not self._is_closing:
            await self._creator.note_outcome(operation.held("Stopped before it was sent."))

    async def _open_operation(self, intent: str, *, is_ours: bool) -> SubmitOperation:
        operation = await self._kit.journal.read(intent) if is_ours else None
        if not isinstance(operation, SubmitOperation) or not operation.is_open:
            raise StateError("This submit is being worked on, or has come to its end.")
        return operation

    async def _replace(self, operation: SubmitOperation) -> SubmitOperation:
        """A new intent for the same bytes; the uploaded file is used again."""
        again = replace(
            operation,
            intent=uuid.uuid4().hex,
            stage=SubmitStage.UPLOADED if operation.file_id else SubmitStage.PLANNED,
            created_at=int(self._kit.clock()),
            replaces=operation.intent,
            reason="",
            is_held=False,
        )
        # In this order: after a crash in between, the next start sees that the old one was replaced.
        await self._creator.note(again)
        await self._creator.note_outcome(operation.replaced())
        return again

    async def _let_go_of_unsent(self, operation: SubmitOperation) -> None:
        """What an earlier run did not come to send is sent now: it must not be sent once more later."""
        for other in self.pending():
            is_unsent = other.is_held or other.next_step in {Step.UPLOAD, Step.CREATE}
            if other.intent == operation.intent or not is_unsent or not _is_twin(other, operation):
                continue
            async with self._kit.journal.claim(other.intent) as is_ours:
                if is_ours:
                    await self._creator.note_outcome(other.dismissed("Submitted anew."))


def _sendable(text: str) -> str:
    """Text without the lone surrogates that a name from the file system may have: JSON can't carry them."""
    return text.encode("utf-8", "replace").decode()


def _is_twin(one: SubmitOperation, other: SubmitOperation) -> bool:
    return one.sha256 == other.sha256 and one.endpoint == other.endpoint


def _command(operation: SubmitOperation) -> str:
    words = ["batch-tui", "submit", shlex.quote(operation.path)]
    if operation.name:
        words += ["--name", shlex.quote(operation.name)]
    return " ".join(words)
