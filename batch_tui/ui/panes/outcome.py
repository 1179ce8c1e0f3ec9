"""What came back of a batch, as lines: every request accounted for, failures grouped by cause. Pure."""

from __future__ import annotations

import re

from batch_tui.domain import formatting
from batch_tui.domain.cause_meaning import meaning_of
from batch_tui.domain.lines import Cause, Outcome, ResultRow, Summary
from batch_tui.domain.money import Cost
from batch_tui.jsonl.results.summary import CUT_SHORT
from batch_tui.ui.commands.registry import Naming, usual_keys
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
    return lines


_SIGN_WIDTH = 12


def cause_text(cause: Cause) -> str:
    """A cause in two words: ``429 rate_limit_exceeded``."""
    status = str(cause.status_code) if cause.status_code is not None else WORDS[cause.outcome]
    return f"{status} {cause.code}".strip()


def cause_facts(causes: tuple[Cause, ...], name_keys: Naming = usual_keys) -> list[tuple[Cell, Cause | None]]:
    """Failures by cause, most frequent first: each line, and the cause whose requests it leads to.

    Each cause says what it means, whether a second try can pass, and three examples.
    """
    if not causes:
        return []
    number, kinds = sum(cause.count for cause in causes), len(causes)
    intro = f"{formatting.plural(number, 'request')} without a good answer, {formatting.plural(kinds, 'cause')}."
    keys = name_keys("  ⟦open⟧ lists those of the cause under the cursor, ⟦fix⟧ sends only them again.")
    facts: list[tuple[Cell, Cause | None]] = [((Piece(intro, Tone.STRONG), Piece(keys, Tone.MUTED)), None)]
    for cause in causes:
        facts.append(((), None))
        facts += _one_cause(cause)
    return facts


def _one_cause(cause: Cause) -> list[tuple[Cell, Cause | None]]:
    meaning = meaning_of(cause.outcome, cause.status_code, cause.code)
    head = (
        Piece(f"{formatting.grouped(cause.count)} × ", Tone.STRONG),
        Piece(cause_text(cause), TONES[cause.outcome]),
        Piece(f"  {cause.message}" if cause.message else ""),
    )
    again = Piece(meaning.second_try, Tone.SUCCESS if meaning.can_pass else Tone.WARNING)
    lines: list[tuple[Cell, Cause | None]] = [
        (head, cause),
        ((_INDENT, Piece(f"{meaning.sentence} "), again), None),
    ]
    if cause.examples:
        lines.append(((_INDENT, Piece(", ".join(cause.examples), Tone.MUTED)), None))
    return lines


_INDENT = Piece("    ")


def condition_of(cause: Cause, causes: tuple[Cause, ...]) -> str:
    """The filter of Results that keeps the requests of a cause: ``status:429 code=rate_limit_exceeded``.

    Args:
        cause: The cause.
        causes: All causes: its message is looked at only where nothing else tells it from another.
    """
    status = cause.status_code
    is_status_telling = status is not None and not 200 <= status < 300
    words = [f"status:{status}" if is_status_telling else f"outcome:{cause.outcome.value}"]
    alike = [one for one in causes if (one.outcome, one.status_code) == (cause.outcome, status)]
    if cause.code or any(one.code for one in alike):
        words.append(f"code={_quoted(cause.code)}")
    if sum(one.code == cause.code for one in alike) > 1 and cause.message:
        words.append(f"message:{_quoted(cause.message)}")
    return " ".join(words)


def _quoted(text: str) -> str:
    """As a value of a filter; of a text with quotes in it, the longest part without."""
    part = max(text.split('"'), key=len)
    return part if _PLAIN.fullmatch(part) else f'"{part}"'


_PLAIN = re.compile(r"[\w.-]*")


def row_cells(row: ResultRow, words: str, cost: Cost | None, *, is_ascii: bool = False) -> tuple[Cell, ...]:
    """The cells of one request.

    Args:
        row: The request.
        words: The first words of its answer.
        cost: What it cost; None when nobody knows.
        is_ascii: Signs in ASCII.
    """
    usage = row.usage
    is_good = row.outcome is Outcome.SUCCEEDED
    status = str(row.status_code) if row.status_code is not None else ""
    return (
        (Piece(row.custom_id, Tone.PLAIN),),
        (outcome_piece(row.outcome, is_ascii=is_ascii),),
        (Piece(status, Tone.MUTED if is_good else TONES[row.outcome]),),
        (Piece(row.finish_reason, Tone.WARNING if row.finish_reason in CUT_SHORT else Tone.MUTED),),
        (Piece(formatting.amount(usage.input_tokens) if usage else "", Tone.MUTED),),
        (Piece(formatting.amount(usage.output_tokens) if usage else "", Tone.MUTED),),
        (Piece(_cost_text(row, cost), Tone.MUTED),),
        (Piece(words),) if is_good else _failure(row),
    )


def _cost_text(row: ResultRow, cost: Cost | None) -> str:
    """Empty for what never came to an answer: that costs nothing, and nobody asks."""
    return formatting.money(None if cost is None else cost.batch) if row.usage is not None else ""


def _failure(row: ResultRow) -> Cell:
    code = (Piece(f"{row.code} ", TONES[row.outcome]),) if row.code else ()
    return (*code, Piece(row.message, Tone.MUTED))
