"""Submits that have no batch yet, as rows of Batches: on their way, in doubt, or waiting for a word. Pure."""

from __future__ import annotations

from batch_tui.domain import formatting
from batch_tui.domain.operation import SubmitStage
from batch_tui.domain.text import printable
from batch_tui.engine.submitting.submission import Phase, message_of
from batch_tui.ui.commands.pending_submit import PendingSubmit, command_twin
from batch_tui.ui.commands.registry import Naming, usual_keys
from batch_tui.ui.text.bars import share_bar
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.glyphs import GlyphSet, glyphs

_BAR = 8
_NAME = 24
_UNCONFIRMED = frozenset({SubmitStage.CREATING, SubmitStage.AMBIGUOUS})


def pending_cells(
    pending: PendingSubmit, now: float, *, is_ascii: bool = False, name_keys: Naming = usual_keys
) -> tuple[Cell, Cell]:
    """Its row: a sign, and one cell that runs over all the other columns."""
    chosen = glyphs(is_ascii=is_ascii)
    sign = chosen.validating if pending.is_running else chosen.unknown
    tone = Tone.ACCENT if pending.is_running else Tone.WARNING
    name = pending.name
    if len(name) > _NAME:
        name = name[: _NAME - len(chosen.ellipsis)] + chosen.ellipsis
    return (Piece(sign, tone),), (Piece(f"{name}  "), *_standing(pending, now, chosen, name_keys))


def pending_lines(
    pending: PendingSubmit, now: float, *, is_ascii: bool = False, name_keys: Naming = usual_keys
) -> list[Cell]:
    """What Inspect says about it."""
    operation = pending.operation
    chosen = glyphs(is_ascii=is_ascii)
    what = [operation.endpoint, formatting.plural(operation.requests, "request"), formatting.size(operation.size)]
    lines = [
        _fact("name", Piece(pending.name, Tone.STRONG)),
        _fact("state", *_standing(pending, now, chosen, None)),
        _fact("request", Piece("   ".join(word for word in what if word))),
        _fact("path", Piece(printable(operation.path))),
        _fact("begun", Piece(formatting.day(operation.created_at, now))),
        _fact("intent", Piece(operation.intent, Tone.MUTED)),
    ]
    if operation.file_id:
        lines.append(_fact("input", Piece(f"{operation.file_id} (uploaded)")))
    if operation.parent:
        lines.append(_fact("retry of", Piece(operation.parent)))
    if not pending.is_running:
        lines.append(_fact("why", Piece(printable(message_of(operation)), Tone.WARNING)))
    lines.append(_fact("next", Piece(name_keys(_next_step(pending)))))
    lines.append(_fact("twin", Piece(f"$ {command_twin(pending)}", Tone.MUTED)))
    return lines


def _fact(label: str, *pieces: Piece) -> Cell:
    return (Piece(label.ljust(10), Tone.MUTED), *pieces)


def _standing(pending: PendingSubmit, now: float, chosen: GlyphSet, name_keys: Naming | None) -> tuple[Piece, ...]:
    """How it stands, with the keys that do something about it when there is one who names them."""
    match pending.phase:
        case Phase.UPLOADING:
            return _uploading(pending, chosen, name_keys)
        case Phase.CREATING:
            return (Piece("uploaded, creating the batch", Tone.ACCENT),)
        case Phase.SETTLING:
            return (Piece("the reply was lost, looking for the batch", Tone.WARNING),)
        case _:
            pass
    operation = pending.operation
    at = formatting.day(operation.created_at, now)
    if operation.stage is SubmitStage.MAYBE:
        text, verb, reason = f"maybe submitted {at}, not found", "submit again", ""
    elif operation.stage in _UNCONFIRMED:
        text, verb, reason = f"maybe submitted {at}, not confirmed", "submit again", ""
    else:
        text, verb = "not sent", "send"
        reason = printable(operation.reason or "it was interrupted", 200).rstrip(".")
    # The keys stand before the reason, whose end a narrow row can lose.
    keys = name_keys(f": ⟦send_again⟧ {verb} {chosen.separator} ⟦dismiss⟧ dismiss") if name_keys else ""
    return (Piece(text, Tone.WARNING), Piece(keys), Piece(f"  {reason}" if reason else "", Tone.MUTED))


def _uploading(pending: PendingSubmit, chosen: GlyphSet, name_keys: Naming | None) -> tuple[Piece, ...]:
    progress = pending.progress
    stop = (Piece(name_keys("  ⟦back⟧ stops"), Tone.MUTED),) if name_keys and pending.is_stoppable else ()
    if pending.hindrance:
        return (
            Piece("upload waits", Tone.WARNING),
            *stop,
            Piece(f"  {printable(pending.hindrance, 200)}", Tone.MUTED),
        )
    if progress is None or not progress.total:
        return (Piece("uploading", Tone.ACCENT), *stop)
    share = progress.fraction or 0.0
    words = [f"{formatting.percent(share)}", f"{formatting.size(progress.done)}/{formatting.size(progress.total)}"]
    if pending.per_second:
        words.append(f"{formatting.size(round(pending.per_second))}/s")
    if pending.eta_seconds is not None:
        words.append(f"eta {formatting.duration(pending.eta_seconds)}")
    bar = share_bar(share, _BAR, chosen)
    return (Piece("uploading ", Tone.ACCENT), Piece(bar, Tone.ACCENT), Piece(f" {'  '.join(words)}"), *stop)


def _next_step(pending: PendingSubmit) -> str:
    if pending.is_stoppable:
        return "⟦back⟧ stops the upload; nothing has been created"
    if pending.is_running:
        return "nothing to do: the screen follows it"
    if pending.is_in_doubt:
        return (
            "⟦send_again⟧ looks for it once more and then submits it again, ⟦dismiss⟧ lets it go; "
            "neither touches a batch that exists"
        )
    return "⟦send_again⟧ sends it, ⟦dismiss⟧ lets it go; nothing was created and nothing is billed"
