"""What Inspect says about a local file: the verdict of its check, and what is wrong with it. Pure."""

from __future__ import annotations

from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.files import RemoteFile
from batch_tui.domain.limits import Limits
from batch_tui.domain.problems import Code, Problem, Report, Severity
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.commands.selection import Place, Scope, Selection
from batch_tui.ui.panes.overview import line
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import glyphs

_SHOWN = 200
"""Problems listed; the command line prints them all."""


def verdict(report: Report, *, is_ascii: bool = False) -> Piece:
    """The verdict in a few cells: ``✓ ready``, ``! 3 bad lines``."""
    chosen = glyphs(is_ascii=is_ascii)
    if report.is_valid:
        return Piece(f"{chosen.completed} ready", Tone.SUCCESS)
    if report.wants_wrapping:
        return Piece(f"{chosen.with_failures} bare request bodies", Tone.WARNING)
    if report.holds_results:
        return Piece("results", Tone.MUTED)
    return Piece(f"{chosen.with_failures} {damage(report)}", Tone.ERROR)


def first_error(report: Report | None) -> Problem | None:
    """The first thing that is wrong with a line, or None."""
    problems = report.problems if report is not None and report.requests else ()
    return next((p for p in problems if p.line and p.severity is Severity.ERROR), None)


def file_selection(path: Path | None, report: Report | None, remote: RemoteFile | None, marked: int) -> Selection:
    """What commands may ask about the file under the cursor of Files.

    Args:
        path: The local file, or None.
        report: Its verdict, or None.
        remote: The file at the service, or None.
        marked: How many files at the service are marked.
    """
    error = first_error(report)
    return Selection(
        Scope.FILES,
        file=path,
        report=report,
        place=Place(path, error.line) if path is not None and error is not None else None,
        remote_file=remote,
        marked_files=marked,
        has_tabs=True,
    )


def damage(report: Report) -> str:
    """How much is wrong: ``3 bad lines``; problems, where they aren't about lines or not all are listed."""
    lines = {p.line for p in report.problems if p.line and p.severity is Severity.ERROR}
    if not lines or report.errors + report.warnings > len(report.problems):
        return formatting.plural(report.errors, "problem")
    return formatting.plural(len(lines), "bad line")


def next_step(report: Report) -> str:
    """What to do about it, in one sentence that names commands for their keys."""
    if report.is_valid:
        return "⟦new⟧ submits it as a new batch."
    if report.wants_wrapping:
        return "Every line is a bare request body: ⟦new⟧ writes a wrapped copy beside it and submits that."
    if report.holds_results:
        return "This is what a batch wrote, not what one reads: the batch's own row in Batches shows it."
    if report.requests == 0:
        return "The file holds no request: write one JSON request per line."
    over = {Code.TOO_MANY_REQUESTS, Code.FILE_TOO_LARGE} & set(report.counts)
    if over:
        return "It is over a limit of the service: ⟦new⟧ splits it into parts and queues them."
    if report.mends:
        return (
            "⟦mend⟧ writes a mended copy beside it; ⟦open⟧ goes to the first bad line, "
            "⟦edit⟧ opens the editor there."
        )
    return "Mend the lines below: ⟦open⟧ goes to the first one, ⟦edit⟧ opens the editor there; then ⟦new⟧ again."


def over_limit(report: Report, limits: Limits) -> str | None:
    """Which limit the file is over, or None."""
    if report.requests > limits.max_requests:
        limit = formatting.grouped(limits.max_requests)
        return f"{formatting.grouped(report.requests)} requests, the service takes {limit} in a file"
    if report.bytes > limits.max_bytes:
        return f"{formatting.size(report.bytes)}, the service takes {formatting.size(limits.max_bytes)}"
    return None


def report_facts(
    report: Report, limits: Limits, *, is_ascii: bool = False, name_keys: Naming = usual_keys
) -> tuple[list[Cell], list[int | None]]:
    """The whole report as lines, and for each the line of the file it leads to."""
    kind = "   ".join(word for word in (report.endpoint, report.model) if word)
    lines = [
        line("file", Piece(Path(report.path).name, Tone.STRONG)),
        line("verdict", verdict(report, is_ascii=is_ascii)),
        line("next", name_keys(next_step(report))),
        line("holds", f"{formatting.plural(report.requests, 'request')}   {formatting.size(report.bytes)}"),
        *([line("request", kind)] if kind else []),
        line("tokens", f"~{formatting.grouped(report.tokens_estimate)} input, estimated at 4 bytes each"),
        line("sha256", Piece(report.sha256[:16], Tone.MUTED)),
    ]
    limit = over_limit(report, limits)
    if limit:
        lines.append(line("limit", Piece(limit, Tone.ERROR)))
    targets: list[int | None] = [None] * len(lines)
    lines += [problem_line(problem) for problem in report.problems[:_SHOWN]]
    targets += [problem.line or None for problem in report.problems[:_SHOWN]]
    hidden = report.errors + report.warnings - min(_SHOWN, len(report.problems))
    if hidden > 0:
        lines.append(
            line("", Piece(f"and {formatting.grouped(hidden)} more: batch-tui check {report.path}", Tone.MUTED))
        )
    return lines, targets


def problem_line(problem: Problem) -> Cell:
    """One problem with its place."""
    tone = Tone.ERROR if problem.severity is Severity.ERROR else Tone.WARNING
    where = f"line {problem.line}" if problem.line else "file"
    column = f":{problem.column}" if problem.column else ""
    hint = (Piece(f"  {problem.hint}", Tone.MUTED),) if problem.hint else ()
    return (
        Piece(f"{where}{column}".ljust(12), Tone.STRONG),
        Piece(f"{problem.code}  ", tone),
        Piece(problem.message),
        *hint,
    )


def problem_text(problem: Problem) -> str:
    """One problem as a sentence with its place."""
    is_told = not problem.column or problem.hint.startswith("Column")
    column = "" if is_told else f", column {problem.column}"
    return f"Line {problem.line}{column}: {problem.message} {problem.hint}".rstrip()


def remote_lines(file: RemoteFile, users: tuple[str, ...], now: float) -> list[Cell]:
    """What is known about a remote file, and which batches use it."""
    lines = [
        line("file", Piece(file.filename or file.id, Tone.STRONG)),
        line("id", file.id),
        line("purpose", file.purpose or formatting.UNKNOWN),
        line("size", formatting.size(file.bytes)),
    ]
    if file.created_at is not None:
        lines.append(line("created", formatting.moment(file.created_at, now)))
    if file.expires_at is not None:
        left = formatting.duration(file.expires_at - now)
        lines.append(line("expires", f"in {left}  ({formatting.moment(file.expires_at, now)})"))
    lines += [line("used by", name) for name in users] or [
        line("used by", Piece("no batch that is known", Tone.MUTED))
    ]
    return lines
