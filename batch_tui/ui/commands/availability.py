"""Why a command can't run now, in one sentence; None when it can. Pure."""

from __future__ import annotations

from collections.abc import Callable

from batch_tui.domain.batch import Batch
from batch_tui.domain.formatting import plural
from batch_tui.domain.problems import Code, Report, Severity
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.commands.selection import Scope, Selection

_WHOLE_FILE = frozenset({Code.TOO_MANY_REQUESTS, Code.FILE_TOO_LARGE, Code.EMPTY_FILE})

Unavailable = Callable[[Selection], str | None]
"""One sentence why not, or None."""

_NO_BATCH = "No batch is selected: move the cursor to one in Batches."


def always(_selection: Selection) -> str | None:
    """Can always run."""
    return None


def needs_batch(selection: Selection) -> str | None:
    """Wants one batch."""
    return None if selection.batch is not None else _NO_BATCH


def needs_target(selection: Selection) -> str | None:
    """Wants a batch, or marked ones."""
    return None if selection.targets else _NO_BATCH


def cancellable(selection: Selection) -> str | None:
    """Wants at least one batch that hasn't ended and isn't being cancelled."""
    targets = selection.targets
    if any(_is_stoppable(batch) for batch in selection.each(targets)) or selection.waiting(targets):
        return None
    if not targets and selection.queued is not None:
        return _droppable(selection.queued)
    only = next(iter(targets), None)
    if only is None:
        return _NO_BATCH
    if len(targets) > 1:
        return f"Nothing to cancel: all {plural(len(targets), 'marked batch')} have ended."
    if only.status is BatchStatus.CANCELLING:
        return f"{only.name} is being cancelled already."
    return f"Nothing to cancel: {only.name} has ended ({only.status.value})."


def any_shown_active(selection: Selection) -> str | None:
    """Wants an active batch among those shown."""
    if any(_is_stoppable(batch) for batch in selection.each(selection.shown)):
        return None
    if selection.waiting(selection.shown):
        return None
    return "Nothing to cancel: no batch shown is active."


def fixable(selection: Selection) -> str | None:
    """Wants an ended batch with requests that have no good answer."""
    batch = selection.batch
    if batch is None:
        return _NO_BATCH
    if not batch.is_terminal:
        return f"{batch.name} still runs: failed requests can be sent again when it has ended."
    if batch.status is BatchStatus.FAILED and not batch.counts.total:
        return f"{batch.name} failed validation: mend the input file (Files) and submit it again."
    if not batch.counts.failed and not batch.counts.unfinished:
        return f"Nothing to fix: every request of {batch.name} succeeded."
    return None


def has_files(selection: Selection) -> str | None:
    """Wants a batch with an output or an error file."""
    targets = selection.targets
    only = next(iter(targets), None)
    if only is None:
        return _NO_BATCH
    if any(batch.output_file_id or batch.error_file_id for batch in selection.each(targets)):
        return None
    if len(targets) > 1:
        return "None of the marked batches has an output or error file yet."
    return f"{only.name} has no output or error file ({only.status.value})."


def sendable(selection: Selection) -> str | None:
    """Wants a submit that waits for the user's word."""
    pending = selection.pending
    if pending is None:
        return "Works on a submit that was not confirmed or not sent: such rows stand on top of Batches."
    return f"{pending.name} is on its way." if pending.is_running else None


def dismissable(selection: Selection) -> str | None:
    """Wants a submit that waits for the user's word, and can be let go."""
    if selection.queued is not None:
        return _droppable(selection.queued)
    reason = sendable(selection)
    if reason is None and selection.pending is not None and selection.pending.is_unsettled:
        return f"{selection.pending.name}: it is looked for first; ⟦refresh⟧ asks the service now."
    return reason


def comparable(selection: Selection) -> str | None:
    """Wants two batches with results: the marked ones, or one and what sends its requests again."""
    if selection.pair is None and selection.group is not None and not selection.marked:
        return (
            f"{selection.group.name} is several batches: unfold it (⟦pane_right⟧) to compare one with its retry, "
            "or mark two (⟦mark⟧)."
        )
    if selection.pair is None:
        return "Mark exactly two batches (⟦mark⟧) to compare their answers; one with a retry needs no marks."
    for batch in selection.pair:
        if not any(one.output_file_id or one.error_file_id for one in selection.each((batch,))):
            return f"{batch.name} has brought nothing back to compare ({batch.raw_status or batch.status.value})."
    return None


def submittable(selection: Selection) -> str | None:
    """Wants a local file that is known to be acceptable, or not checked yet."""
    if selection.file is None:
        return "No local file is selected: move the cursor to a .jsonl file in Files."
    report = selection.report
    if report is not None and not (report.is_valid or report.wants_wrapping or report.is_only_too_large):
        return f"The service would refuse it, {plural(report.errors, 'error')}: {_worst(report)}"
    return None


def _worst(report: Report) -> str:
    """The first error, what is wrong with the file as a whole before what is wrong with a line."""
    errors = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    first = min(errors, key=lambda problem: problem.code not in _WHOLE_FILE, default=None)
    if first is None:
        return "see them in Inspect."
    return f"line {first.line}: {first.message}" if first.line else first.message


def mendable(selection: Selection) -> str | None:
    """Wants a local file with problems that need no question to be mended."""
    if selection.file is None:
        return "No local file is selected: move the cursor to a .jsonl file in Files."
    if selection.report is not None and selection.report.mends:
        return None
    if selection.report is None or selection.report.is_valid:
        return f"Nothing to mend is known in {selection.file.name}."
    return f"Nothing in {selection.file.name} can be mended without you: ⟦edit⟧ opens it at the first bad line."


def local_files(selection: Selection) -> str | None:
    """Wants the workspace."""
    return "Remote files lie in no folder." if selection.remote_file is not None else None


def downloadable(selection: Selection) -> str | None:
    """Wants remote files."""
    if selection.remote_file is not None or selection.marked_files:
        return None
    return "No remote file is selected: ⟦next_tab⟧ shows the files at the service."


def deletable(selection: Selection) -> str | None:
    """Wants remote files."""
    if selection.remote_file is not None or selection.marked_files:
        return None
    return "No remote file is selected: only files at the service can be deleted here."


def needs_hits(selection: Selection) -> str | None:
    """Wants matches to go through."""
    return None if selection.hits else "No match to go to: search with ⟦filter⟧ first."


def sideways(selection: Selection) -> str | None:
    """Wants columns or lines that may run past the edge."""
    return wrappable(selection) if selection.pane is Scope.INSPECT else None


def wrappable(selection: Selection) -> str | None:
    """Wants a text whose lines may run past the edge."""
    return None if selection.is_in_text else "These lines are folded to the width as they are."


def needs_text(selection: Selection) -> str | None:
    """Wants something that can be copied or opened."""
    if selection.text or selection.batch or selection.file or selection.remote_file:
        return None
    return "Nothing is selected here."


def needs_file(selection: Selection) -> str | None:
    """Wants text that can be opened in another program."""
    if selection.file is not None or selection.batch is not None or selection.text:
        return None
    if selection.remote_file is not None:
        return "It lies at the service: ⟦download⟧ downloads it, then it can be opened under Local."
    return "No file or text is selected."


def needs_tabs(selection: Selection) -> str | None:
    """Wants a pane with tabs."""
    return None if selection.has_tabs else "This pane has no tabs."


def batches_only(selection: Selection) -> str | None:
    """Wants the list of batches."""
    return None if selection.pane is Scope.BATCHES else "Works in Batches (key ⟦batches⟧)."


def _droppable(entry: QueueEntry) -> str | None:
    """Only what was not sent can be taken out of the queue."""
    if entry.stage in {QueueStage.WAITING, QueueStage.FAILED}:
        return None
    return "It is being sent: cancel its batch when it's there."


def _is_stoppable(batch: Batch) -> bool:
    return not batch.is_terminal and batch.status is not BatchStatus.CANCELLING
