"""What Inspect says about one batch, as lines. Pure."""

from __future__ import annotations

from msgspec import Struct

from batch_tui.domain import formatting
from batch_tui.domain.batch import INTENT_KEY, NAME_KEY, PARENT_KEY, Batch, BatchError
from batch_tui.domain.groups import stands_for_group
from batch_tui.domain.lineage import GROUP_KEY, PART_KEY, group_of, missing_parts, parent_of, place_of
from batch_tui.domain.pace import NO_PACE, Pace
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.text.bars import legend, progress_bar, sparkline
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import batch_sign, glyphs

_LABEL = 10
_BAR = 12
"""Cells of the bar: with the numbers behind its signs it fits a line of 80."""
_SPARK = 16
_WARN_LEFT = 2 * 3600
"""Seconds before a window of a day closes from which the time left is a warning."""
_WHY_NO_RATE = {
    BatchStatus.VALIDATING: "none yet, the service checks the input",
    BatchStatus.FINALIZING: "every request is done, the service writes the result files",
}
_STILL = 120
"""Seconds without movement that are worth saying."""


class OverviewFacts(Struct, frozen=True):
    """A batch with what is known around it."""

    batch: Batch
    now: float
    """Unix seconds by the server's clock."""
    pace: Pace = NO_PACE
    money: str = ""
    """Cost so far or in the end, written out; empty when nobody knows."""
    note: str = ""
    """``cancelling…``, ``gone``: what the service doesn't say yet."""
    alarms: tuple[str, ...] = ()
    """The rules of the guard it breaks now, a clause with its numbers for each."""
    is_stalled: bool = False
    """One of them says that it doesn't move: then no end is told beside it."""
    family: tuple[Batch, ...] = ()
    """The batch among its relatives: the parts of one file, and who sends again what failed in whom."""
    is_ascii: bool = False


def line(label: str, *pieces: Piece | str) -> Cell:
    """A fact: its name, then its value."""
    values = tuple(Piece(piece) if isinstance(piece, str) else piece for piece in pieces)
    return (Piece(label.ljust(_LABEL), Tone.MUTED), *values)


def overview_lines(facts: OverviewFacts) -> list[Cell]:
    """Everything about one batch, most wanted first."""
    batch = facts.batch
    lines = [line("id", batch.id), _state(facts)]
    if batch.name != batch.id:
        lines.insert(0, line("name", Piece(batch.name, Tone.STRONG)))
    lines += [
        line("" if place else "alarm", Piece(alarm, Tone.WARNING)) for place, alarm in enumerate(facts.alarms)
    ]
    lines += _progress(facts)
    lines += _movement(facts)
    lines.append(line("time", *_timeline(facts)))
    lines.append(line("request", *_request(batch)))
    lines += _files(batch)
    lines += _money(facts)
    lines += _lineage(facts)
    lines += _metadata(batch)
    lines += validation_lines(batch)
    return lines


def _state(facts: OverviewFacts) -> Cell:
    batch, counts = facts.batch, facts.batch.counts
    sign = batch_sign(batch, is_ascii=facts.is_ascii)
    pieces = [Piece(f"{sign.glyph} {facts.note or sign.word}", sign.tone)]
    if counts.total > 0:
        pieces.append(Piece(f"   {formatting.grouped(counts.done)}/{formatting.grouped(counts.total)}"))
        pieces.append(Piece(f" {formatting.percent(counts.fraction)}", Tone.MUTED))
    if counts.failed > 0:
        pieces.append(Piece(f"   {formatting.grouped(counts.failed)} failed", Tone.ERROR))
    if batch.is_terminal and counts.unfinished:
        pieces.append(Piece(f"   {formatting.grouped(counts.unfinished)} never ran", Tone.WARNING))
    if batch.is_total_loss:
        pieces.append(Piece("   not one request succeeded", Tone.ERROR))
    return line("state", *pieces)


def _progress(facts: OverviewFacts) -> list[Cell]:
    """The four-part bar, failures in red, and the numbers behind its signs."""
    if facts.batch.counts.total <= 0:
        return []
    chosen = glyphs(is_ascii=facts.is_ascii)
    bar = progress_bar(facts.batch, _BAR, chosen)
    return [line("progress", *bar, "  ", *legend(facts.batch, chosen))]


def _movement(facts: OverviewFacts) -> list[Cell]:
    pace = facts.pace
    if facts.batch.is_terminal:
        return []
    pieces = [_rate(facts)]
    if pace.samples:
        pieces.append(Piece(f" {sparkline(pace.samples, _SPARK, glyphs(is_ascii=facts.is_ascii))}", Tone.ACCENT))
    if _is_still(facts):
        pieces.append(Piece(f"   not moving {_how_long(facts)}", Tone.WARNING))
    elif pace.eta_seconds is not None:
        pieces.append(Piece(f"   eta ~{formatting.duration(pace.eta_seconds)}"))
    return [line("rate", *pieces), *_expiry(facts)]


def _is_still(facts: OverviewFacts) -> bool:
    """True when it stands still for so long that this is told in place of an end."""
    still_for, is_expected = facts.pace.still_for, facts.pace.eta_seconds is not None
    return still_for is not None and (facts.is_stalled or (still_for > _STILL and not is_expected))


def _ticks(facts: OverviewFacts) -> bool:
    """True when how long it has been still is news: it has moved before, or the guard counts."""
    return bool(facts.pace.samples or facts.alarms)


def _how_long(facts: OverviewFacts) -> str:
    """Its age, or the time it began: what never moved must not change the screen by the minute."""
    still_for = facts.pace.still_for or 0.0
    if _ticks(facts):
        return f"for {formatting.duration(still_for)}"
    return f"since {formatting.moment(facts.now - still_for, facts.now)}"


def standing(facts: OverviewFacts) -> tuple[int, ...]:
    """What time alone changes and the overview is drawn anew for: equal as long as there is no need to.

    That is whether it moves, and how fast, when it ends and how long it has been still as powers of two: each is
    told anew when it has doubled, so that a screen on which nothing moves falls silent. Of what has never moved it
    is only that it is told so.
    """
    pace = facts.pace
    if facts.batch.is_terminal:
        return ()
    if _is_still(facts) or facts.alarms:
        return (int((pace.still_for or 0.0) / 60).bit_length() if _ticks(facts) else 0,)
    if pace.eta_seconds is None:
        return ()
    return (int(pace.per_minute or 0.0).bit_length(), int(pace.eta_seconds).bit_length())


def _rate(facts: OverviewFacts) -> Piece:
    """How fast it goes; while no request runs, why there is no rate."""
    if facts.pace.per_minute is not None:
        return Piece(formatting.rate(0.0 if _is_still(facts) else facts.pace.per_minute))
    return Piece(_WHY_NO_RATE.get(facts.batch.status, "not known yet"), Tone.MUTED)


def _expiry(facts: OverviewFacts) -> list[Cell]:
    expires = facts.batch.times.expires
    if expires is None:
        return []
    left = expires - facts.now
    tone = Tone.WARNING if left < facts.batch.times.notice(_WARN_LEFT) else Tone.PLAIN
    when = formatting.moment(expires, facts.now)
    what = f"in {formatting.duration(left)}" if left > 0 else "any moment"
    return [line("expires", Piece(what, tone), Piece(f"  ({when})", Tone.MUTED))]


def _timeline(facts: OverviewFacts) -> list[Piece]:
    """When it was created, and how long it stayed in each state."""
    times, now = facts.batch.times, facts.now
    if times.created is None:
        return [Piece(formatting.UNKNOWN)]
    pieces = [Piece(f"created {formatting.moment(times.created, now)}")]
    steps = [("validating", times.created), ("in_progress", times.in_progress), ("finalizing", times.finalizing)]
    steps += [("cancelling", times.cancelling), ("ended", times.ended)]
    reached = [(word, at) for word, at in steps if at is not None]
    for (word, at), after in zip(reached, [*reached[1:], None], strict=True):
        if word == "ended":
            pieces.append(Piece(f" · ended {formatting.moment(at, now)}"))
            continue
        is_now = after is None and not facts.batch.is_terminal
        until = now if is_now else (after[1] if after else at)
        pieces.append(
            Piece(f" · {word} {formatting.duration(max(0, until - at))}", Tone.ACCENT if is_now else Tone.MUTED)
        )
    return pieces


def _request(batch: Batch) -> list[Piece]:
    words = [batch.endpoint or formatting.UNKNOWN, batch.model or "", batch.completion_window]
    return [Piece("   ".join(word for word in words if word))]


def _files(batch: Batch) -> list[Cell]:
    named = (("input", batch.input_file_id), ("output", batch.output_file_id), ("errors", batch.error_file_id))
    lines = [line(word, file_id) for word, file_id in named if file_id]
    if batch.is_terminal and batch.output_file_id is None and not stands_for_group(batch):
        lines.append(line("output", Piece(_why_no_output(batch), Tone.MUTED)))
    return lines


def _why_no_output(batch: Batch) -> str:
    if batch.status is BatchStatus.FAILED:
        return "none: validation refused the input file, nothing ran and nothing is billed"
    if batch.counts.total > 0 and batch.counts.completed <= 0:
        return f"none: 0 of {formatting.plural(batch.counts.total, 'request')} succeeded"
    return "none"


def _money(facts: OverviewFacts) -> list[Cell]:
    usage = facts.batch.usage
    lines: list[Cell] = []
    if usage is not None and usage.total_tokens:
        text = f"{formatting.grouped(usage.input_tokens)} in   {formatting.grouped(usage.output_tokens)} out"
        if usage.cached_tokens:
            text += f"   {formatting.grouped(usage.cached_tokens)} cached"
        lines.append(line("tokens", text))
    if facts.money:
        lines.append(line("cost", facts.money))
    return lines


def _lineage(facts: OverviewFacts) -> list[Cell]:
    """Whose requests it sends again, who sends its own again, and which part of a file it is."""
    batch = facts.batch
    known = {relative.id: relative for relative in facts.family}
    lines: list[Cell] = []
    place, parent = place_of(batch), parent_of(batch)
    if place is not None:
        missing = missing_parts(facts.family)
        gone = f"   {formatting.plural(len(missing), 'part')} not there" if missing else ""
        lines.append(line("part", f"{place} of {group_of(batch)}", Piece(gone, Tone.WARNING)))
    if parent is not None:
        relative = known.get(parent)
        lines.append(line("retry of", *(_relative(facts, relative) if relative else (Piece(parent),))))
    children = [relative for relative in facts.family if parent_of(relative) == batch.id]
    lines += [line("retried", *_relative(facts, child)) for child in children]
    return lines


def _relative(facts: OverviewFacts, relative: Batch) -> tuple[Piece, ...]:
    """A batch of the family: what became of it."""
    sign = batch_sign(relative, is_ascii=facts.is_ascii)
    counts = relative.counts
    done = f"  {formatting.grouped(counts.completed)}/{formatting.grouped(counts.total)}"
    return (Piece(relative.name), Piece(f"  {sign.glyph} {sign.word}", sign.tone), Piece(done, Tone.MUTED))


def _metadata(batch: Batch) -> list[Cell]:
    own = {INTENT_KEY, PARENT_KEY, NAME_KEY, GROUP_KEY, PART_KEY}
    shown = [(key, value) for key, value in batch.metadata.items() if key not in own]
    lines: list[Cell] = []
    for place, (key, value) in enumerate(shown):
        lines.append(line("metadata" if not place else "", Piece(f"{key} = ", Tone.MUTED), value))
    return lines


def validation_facts(batch: Batch) -> list[tuple[Cell, int | None]]:
    """Why validation refused the batch, by cause: each line, and the line of the input file it leads to."""
    if not batch.errors:
        return []
    from batch_tui.domain.cause_meaning import meaning_of_validation  # noqa: PLC0415 - few batches have any

    found: list[tuple[Cell, int | None]] = []
    for code, errors in _by_code(batch).items():
        meaning = meaning_of_validation(code)
        head = f"{formatting.grouped(len(errors))} × {code}  " if code else ""
        again = Piece(meaning.second_try, Tone.SUCCESS if meaning.can_pass else Tone.WARNING)
        label = "" if found else "refused"
        found.append((line(label, Piece(head, Tone.ERROR), f"{meaning.sentence} ", again), None))
        for error in errors:
            where = f"line {error.line}  " if error.line is not None else ""
            found.append((line("", Piece(where, Tone.STRONG), error.message), error.line))
    return found


def _by_code(batch: Batch) -> dict[str, list[BatchError]]:
    """Its errors by code, the most frequent first."""
    found: dict[str, list[BatchError]] = {}
    for error in batch.errors:
        found.setdefault(error.code, []).append(error)
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def validation_lines(batch: Batch) -> list[Cell]:
    """Why validation refused the batch, each with its line of the input file."""
    return [content for content, _ in validation_facts(batch)]
