"""What came back of a batch, as lines: every request accounted for, failures grouped by cause. Pure."""

from __future__ import annotations

from batch_tui.domain import formatting
from batch_tui.domain.lines import Cause, Outcome, ResultRow, Summary
from batch_tui.ui.panes.overview import line
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import glyphs

TONES = {
    Outcome.SUCCEEDED: Tone.SUCCESS,
    Outcome.FAILED: Tone.ERROR,
    Outcome.NOT_RUN: Tone.WARNING,
    Outcome.MISSING: Tone.WARNING,
}
"""What each outcome means to the eye."""
WORDS = {
    Outcome.SUCCEEDED: "ok",
    Outcome.FAILED: "failed",
    Outcome.NOT_RUN: "not run",
    Outcome.MISSING: "missing",
}
"""What each outcome is called in a narrow column."""


def outcome_piece(outcome: Outcome, *, is_ascii: bool = False) -> Piece:
    """An outcome's sign and word."""
    chosen = glyphs(is_ascii=is_ascii)
    sign = {
        Outcome.SUCCEEDED: chosen.completed,
        Outcome.FAILED: chosen.failed,
        Outcome.NOT_RUN: chosen.expired,
        Outcome.MISSING: chosen.unknown,
    }[outcome]
    return Piece(f"{sign} {WORDS[outcome]}", TONES[outcome])


def summary_lines(summary: Summary, money: str = "", *, is_ascii: bool = False) -> list[Cell]:
    """Every request accounted for.

    Args:
        summary: What came back.
        money: What it cost, written out; empty when nobody knows.
        is_ascii: Signs in ASCII.
    """
    lines = [line("requests", formatting.grouped(summary.requests))]
    numbers = (
        (Outcome.SUCCEEDED, summary.succeeded),
        (Outcome.FAILED, summary.failed),
        (Outcome.NOT_RUN, summary.not_run),
        (Outcome.MISSING, summary.missing),
    )
    for outcome, number in numbers:
        if number or outcome is Outcome.SUCCEEDED:
            sign = outcome_piece(outcome, is_ascii=is_ascii)
            lines.append(line("", Piece(sign.text.ljust(_SIGN_WIDTH), sign.tone), formatting.grouped(number)))
    odd = (
        ("cut short", summary.truncated),
        ("foreign ids", summary.foreign),
        ("duplicates", summary.duplicate),
        ("unreadable", summary.unreadable),
    )
    lines += [
        line("", Piece(word.ljust(_SIGN_WIDTH), Tone.WARNING), formatting.grouped(n)) for word, n in odd if n
    ]
    usage = summary.usage
    if usage.total_tokens or usage.input_tokens:
        text = f"{formatting.grouped(usage.input_tokens)} in   {formatting.grouped(usage.output_tokens)} out"
        lines.append(line("tokens", text))
    if money:
        lines.append(line("cost", money))
    lines += cause_lines(summary.causes)
    return lines


_SIGN_WIDTH = 12


def cause_text(cause: Cause) -> str:
    """A cause without its count: ``429 rate_limit_exceeded  Rate limit reached …``."""
    status = str(cause.status_code) if cause.status_code is not None else WORDS[cause.outcome]
    return "  ".join(part for part in (f"{status} {cause.code}".strip(), cause.message) if part)


def cause_lines(causes: tuple[Cause, ...]) -> list[Cell]:
    """Failures by cause, most frequent first, each with whether a second try can pass and some examples."""
    lines: list[Cell] = []
    for cause in causes:
        again = (
            Piece("can pass again (F)", Tone.SUCCESS) if cause.can_pass else Piece("will fail again", Tone.MUTED)
        )
        lines.append(())
        lines.append(
            (
                Piece(f"{formatting.grouped(cause.count)} × ", Tone.STRONG),
                Piece(cause_text(cause), TONES[cause.outcome]),
            )
        )
        examples = ", ".join(cause.examples)
        lines.append(line("", again, Piece(f"   {examples}" if examples else "", Tone.MUTED)))
    return lines


def row_cells(row: ResultRow, words: str, *, is_ascii: bool = False) -> tuple[Cell, ...]:
    """The cells of one request: its id, outcome, status, finish, tokens, first words."""
    usage = row.usage
    status = row.code or (str(row.status_code) if row.status_code is not None else "")
    shown = words if row.outcome is Outcome.SUCCEEDED else (row.message or words)
    return (
        (Piece(row.custom_id, Tone.PLAIN),),
        (outcome_piece(row.outcome, is_ascii=is_ascii),),
        (Piece(status, Tone.PLAIN if row.outcome is Outcome.SUCCEEDED else TONES[row.outcome]),),
        (Piece(row.finish_reason, Tone.WARNING if row.finish_reason == "length" else Tone.MUTED),),
        (Piece(formatting.amount(usage.input_tokens) if usage else "", Tone.MUTED),),
        (Piece(formatting.amount(usage.output_tokens) if usage else "", Tone.MUTED),),
        (Piece(shown, Tone.PLAIN if row.outcome is Outcome.SUCCEEDED else Tone.MUTED),),
    )
