"""What waits in the queue, as rows of Batches and in Inspect; and the parts of a group in Inspect. Pure."""

from __future__ import annotations

from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.groups import Group, Member
from batch_tui.domain.queueing import QueueEntry, QueueStage
from batch_tui.domain.text import printable
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.panes.overview import line
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import batch_sign, glyphs

_NAME = 24
_WORDS = {
    QueueStage.WAITING: ("waits", Tone.WARNING),
    QueueStage.SENDING: ("is being sent", Tone.ACCENT),
    QueueStage.SENT: ("is being validated", Tone.ACCENT),
    QueueStage.TAKEN: ("was taken", Tone.SUCCESS),
    QueueStage.FAILED: ("can't be sent", Tone.ERROR),
}


def entry_name(entry: QueueEntry) -> str:
    """What it is called."""
    return printable(entry.name or Path(entry.path).name, 256)


def queued_cells(
    entry: QueueEntry, title: str, *, is_ascii: bool = False, name_keys: Naming = usual_keys
) -> tuple[Cell, Cell]:
    """Its row: a sign, and one cell that runs over all the other columns.

    Args:
        entry: What waits.
        title: Stands in place of its name; empty for its name.
        is_ascii: Signs in ASCII.
        name_keys: Names the user's keys.
    """
    chosen = glyphs(is_ascii=is_ascii)
    word, tone = _WORDS[entry.stage]
    sign = chosen.failed if entry.stage is QueueStage.FAILED else chosen.validating
    name = title or entry_name(entry)
    if len(name) > _NAME:
        name = name[: _NAME - len(chosen.ellipsis)] + chosen.ellipsis
    why = printable(entry.reason, 300)
    if entry.stage is QueueStage.WAITING:
        why = f": {why}" if why else " for what stands before it"
    elif entry.stage is QueueStage.FAILED:
        why = f", {name_keys('⟦dismiss⟧')} dismisses it: {why}"
    return ((Piece(sign, tone),), (Piece(f"{name}  "), Piece(word, tone), Piece(why)))


def queued_lines(
    entry: QueueEntry, now: float, *, is_ascii: bool = False, name_keys: Naming = usual_keys
) -> list[Cell]:
    """What Inspect says about it."""
    word, tone = _WORDS[entry.stage]
    sign = glyphs(is_ascii=is_ascii).validating
    what = (entry.endpoint, entry.model, formatting.plural(entry.requests, "request"))
    lines = [
        line("name", Piece(entry_name(entry), Tone.STRONG)),
        line("state", Piece(f"{sign} {word}", tone)),
        line("request", "   ".join(word for word in what if word)),
        line("tokens", f"~{formatting.grouped(entry.tokens)} in"),
        line("path", printable(entry.path)),
        line("queued", formatting.day(entry.created_at, now)),
    ]
    if entry.reason:
        lines.append(line("why", Piece(printable(entry.reason), Tone.WARNING)))
    if entry.stage is QueueStage.WAITING and entry.not_before > now:
        lines.append(line("again", f"in {formatting.duration(entry.not_before - now)}"))
    if entry.refusals:
        lines.append(line("refused", f"{formatting.plural(entry.refusals, 'time')} for its tokens; nothing ran"))
    lines.append(line("next", name_keys(_next_step(entry))))
    return lines


def _next_step(entry: QueueEntry) -> str:
    match entry.stage:
        case QueueStage.WAITING:
            return "it is sent when there is room, also after a restart; ⟦cancel⟧ takes it out of the queue"
        case QueueStage.FAILED:
            return "⟦dismiss⟧ dismisses it; mend the file and submit it again"
        case _:
            return "nothing to do: the screen follows it"


def part_lines(group: Group, *, is_ascii: bool = False) -> list[Cell]:
    """The parts of a group, one line each, and what sends their requests again."""
    counts = [f"{group.size} of {printable(group.name)}"]
    if group.waiting:
        counts.append(f"{len(group.waiting)} wait for room")
    if group.missing:
        counts.append(f"{group.size - len(group.missing)} there")
    gone = [str(number) for number in group.missing]
    missing = f"   taken out of the queue, or deleted: {', '.join(gone)}" if gone else ""
    lines = [line("parts", Piece(", ".join(counts), Tone.STRONG), Piece(missing, Tone.WARNING))]
    lines += [_part_line(member, is_ascii=is_ascii) for member in group.members]
    for batch in group.retries:
        sign = batch_sign(batch, is_ascii=is_ascii)
        done = f"{formatting.grouped(batch.counts.completed)}/{formatting.grouped(batch.counts.total)}  "
        lines.append(line("  again", Piece(f"{sign.glyph} {sign.word:<13}", sign.tone), done, batch.name))
    return lines


def _part_line(member: Member, *, is_ascii: bool) -> Cell:
    label = f"  {member.place}"
    batch, entry = member.batch, member.entry
    if entry is not None and (member.is_waiting or batch is None):
        word, tone = _WORDS[entry.stage]
        glyph = glyphs(is_ascii=is_ascii).validating
        return line(label, Piece(f"{glyph} {word:<13}", tone), Piece(f"{printable(entry.reason)}"))
    if batch is None:
        return line(label, Piece("not there", Tone.WARNING))
    sign = batch_sign(batch, is_ascii=is_ascii)
    counts = batch.counts
    failed = f"  {formatting.grouped(counts.failed)} failed" if counts.failed > 0 else ""
    return line(
        label,
        Piece(f"{sign.glyph} {sign.word:<13}", sign.tone),
        f"{formatting.grouped(counts.done)}/{formatting.grouped(counts.total)}",
        Piece(failed, Tone.ERROR),
        Piece(f"  {batch.id}", Tone.MUTED),
    )
