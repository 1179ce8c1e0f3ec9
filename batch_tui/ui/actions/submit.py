"""From a local file to a batch: check, confirm, upload, create; and uploading alone."""

from __future__ import annotations

from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.files import Progress
from batch_tui.domain.limits import Limits
from batch_tui.domain.money import Estimate
from batch_tui.domain.problems import Report
from batch_tui.domain.text import printable
from batch_tui.engine.submitting.submission import Phase, Submission, SubmitOrder
from batch_tui.ui.actions.estimating import amount_to_type, estimated
from batch_tui.ui.actions.queueing import QueueAction
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk, Option
from batch_tui.ui.panes.verdict import next_step, over_limit
from batch_tui.ui.text.cells import Piece, Tone
from batch_tui.ui.text.money import estimate_short, estimate_text
from batch_tui.ui.widgets.dock_text import Wordings


class SubmitAction:
    """Makes batches of files. Nothing is sent that was not checked, shown and confirmed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queue = QueueAction(desk)

    def new(self, selection: Selection) -> None:
        """Check the file under the cursor and ask whether to submit it."""
        if selection.file is not None:
            self._desk.start(self._prepare(selection.file), name="prepare", group="prepare")

    def upload(self, selection: Selection) -> None:
        """Upload the file under the cursor, without a batch."""
        if selection.file is not None:
            self._desk.start(self._prepare(selection.file, is_upload=True), name="prepare", group="prepare")

    async def _prepare(self, path: Path, *, is_upload: bool = False) -> None:
        with self._desk.preparing(f"Stopped checking {printable(path.name)}: nothing was sent."):
            await self._ask(path, is_upload=is_upload)

    async def _ask(self, path: Path, *, is_upload: bool) -> None:
        desk = self._desk
        desk.say(f"Checking {printable(path.name)}…  ⟦back⟧ stops")
        try:
            report = await desk.cockpit.workshop.check(path, limits=self._limits)
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        if report.is_valid and is_upload:
            desk.ask(_upload_question(path, report), lambda: self._start_upload(path, report))
        elif report.is_valid:
            await self._confirm(path, report)
        elif report.wants_wrapping:
            self._offer_wrap(path, report)
        elif report.is_only_too_large and not is_upload:
            await self._queue.offer(path)
        else:
            limit = over_limit(report, self._limits)
            reason = f"{limit}. " if limit else f"{_first_problem(report)} "
            desk.fail(f"{printable(path.name)}: {reason}{next_step(report)}")

    @property
    def _limits(self) -> Limits:
        return self._desk.cockpit.settings.profile.limits

    async def _confirm(self, path: Path, report: Report) -> None:
        cockpit = self._desk.cockpit
        estimate = await estimated(cockpit, path)
        again = cockpit.submitter.earlier(report.sha256)
        number = amount_to_type(cockpit, estimate)
        self._desk.ask(
            submit_question(path, report, again[-1].batch_id if again else None, estimate),
            lambda: self._start(path, report),
            other=Option("q", "queue", lambda: self._queue.ask(path, report, number)),
            number=number,
        )

    def _start(self, path: Path, report: Report) -> None:
        self._desk.start(self._submit(path, report), name="submit", group="")

    async def _submit(self, path: Path, report: Report) -> None:
        desk = self._desk
        profile = desk.cockpit.settings.profile
        order = SubmitOrder(
            path=path,
            report=report,
            endpoint=report.endpoint or "",
            name=path.stem,
            completion_window=profile.completion_window,
        )
        try:
            submission = await desk.cockpit.submitter.submit(
                order, on_step=lambda step: tell(desk, path.name, step)
            )
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        tell(desk, path.name, submission)

    def _offer_wrap(self, path: Path, report: Report) -> None:
        target = free_name(path, "wrapped")
        count = formatting.plural(report.requests, "bare request body").replace("bodys", "bodies")
        question = (
            Piece(f"{path.name} holds {count}.", Tone.WARNING),
            Piece(f" Write {target.name} with them wrapped, and go on with that?", Tone.STRONG),
        )
        self._desk.ask(question, lambda: self._desk.start(self._wrap(path, target), name="wrap", group="prepare"))

    async def _wrap(self, path: Path, target: Path) -> None:
        try:
            wrapped = await self._desk.cockpit.workshop.wrap(path, target)
        except BatchTuiError as error:
            self._desk.fail(str(error))
            return
        self._desk.on_files()
        made = formatting.plural(wrapped.requests, "request")
        self._desk.record("wrap", f"Wrapped {made} into {target}", command=f"batch-tui wrap {path} -o {target}")
        await self._prepare(target)

    def _start_upload(self, path: Path, report: Report) -> None:
        self._desk.start(self._upload(path, report), name="upload", group="")

    async def _upload(self, path: Path, report: Report) -> None:
        desk = self._desk

        def told(progress: Progress) -> None:
            desk.say(f"Uploading {printable(path.name)} {_share(progress)}  ⟦back⟧ stops")

        try:
            with desk.transfer(f"Stopped the upload of {printable(path.name)}: nothing was kept."):
                file = await desk.cockpit.service.upload_file(
                    path, name=remote_name(path), sha256=report.sha256, on_progress=told
                )
        except BatchTuiError as error:
            desk.fail(f"{printable(path.name)} was not uploaded: {error}")
            return
        desk.record("upload", f"Uploaded {path} as {file.id}", command=f"batch-tui files upload {path}")
        desk.say(f"Uploaded {printable(path.name)} as {file.id}.")


def remote_name(path: Path) -> str:
    """The name a file gets at the service: printable, and ending as it must."""
    name = printable(path.name)
    return name if name.endswith(".jsonl") else f"{name}.jsonl"


def free_name(path: Path, word: str) -> Path:
    """A name beside a file that nothing has yet: ``a.wrapped.jsonl``, ``a.wrapped-2.jsonl``."""
    candidate = path.with_name(f"{path.stem}.{word}.jsonl")
    number = 2
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}.{word}-{number}.jsonl")
        number += 1
    return candidate


def submit_question(
    path: Path, report: Report, before: str | None = None, estimate: Estimate | None = None
) -> Wordings:
    """What the confirmation says before money is spent; what it is about to cost, and to cost again, on any line.

    Args:
        path: The file.
        report: Its check.
        before: The batch that was made of the same content.
        estimate: What its requests will cost.
    """
    facts = [
        formatting.plural(report.requests, "request"),
        f"~{formatting.amount(report.tokens_estimate)} tokens in",
    ]
    facts += [word for word in (report.model, report.endpoint) if word]
    name = (Piece("Submit ", Tone.ACCENT), Piece(f"{path.name}?", Tone.STRONG))

    def worded(warning: str, price: str, count: int = 0) -> tuple[Piece, ...]:
        again = (Piece(f"  {warning}", Tone.WARNING),) if before is not None else ()
        return (*name, *again, Piece("".join(f"  {word}" for word in (price, *facts[:count]))))

    whole, price = f"submitted before as {before}", estimate_text(estimate)
    return Wordings(
        (
            *(worded(whole, price, count) for count in range(len(facts), -1, -1)),
            worded(whole, estimate_short(estimate)),
            worded("submitted before", price),
            worded("sent before", estimate_short(estimate)),
        )
    )


def _upload_question(path: Path, report: Report) -> tuple[Piece, ...]:
    size = formatting.size(report.bytes)
    return (
        Piece("Upload ", Tone.ACCENT),
        Piece(f"{path.name}?", Tone.STRONG),
        Piece(f"  {size}, no batch is made"),
    )


def _first_problem(report: Report) -> str:
    first = next(iter(report.problems), None)
    if first is None:
        return "The service would refuse it."
    where = f"line {first.line}: " if first.line else ""
    more = f" (and {formatting.grouped(report.errors - 1)} more)" if report.errors > 1 else ""
    return f"{where}{first.message}{more}"


def _share(progress: Progress | None) -> str:
    fraction = progress.fraction if progress is not None else None
    return formatting.percent(fraction) if fraction is not None else "…"


def tell(desk: Desk, name: str, step: Submission) -> None:
    """Say how a submit stands."""
    name = printable(name)
    desk.on_submit(step)
    match step.phase:
        case Phase.UPLOADING if step.message:
            desk.warn(f"Submitting {name}: {step.message}")
        case Phase.UPLOADING:
            desk.say(f"Submitting {name}: uploading {_share(step.progress)}")
        case Phase.CREATING:
            desk.say(f"Submitting {name}: creating the batch…")
        case Phase.SETTLING:
            desk.warn(f"Submitting {name}: the reply was lost, looking for the batch… {step.message}".rstrip())
        case Phase.SUBMITTED:
            desk.say(f"Submitted {name} as {step.batch.id if step.batch else 'a batch'}.")
        case Phase.UNKNOWN:
            desk.warn(f"{name}: {step.message}")
        case Phase.FAILED:
            desk.fail(f"{name} was not submitted: {step.message}")
