"""Mending a local file: what needs no question is mended in a new file beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from batch_tui.domain import formatting
from batch_tui.domain.errors import BatchTuiError
from batch_tui.domain.problems import Cure, Report
from batch_tui.domain.text import printable
from batch_tui.ui.actions.submit import free_name
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.panes.verdict import damage
from batch_tui.ui.text.cells import Piece, Tone

WORDS: Mapping[Cure, str] = {
    Cure.WRAP: "wraps bare bodies",
    Cure.STRIP_BOM: "strips the byte order mark",
    Cure.DROP_BLANK_LINES: "drops blank lines",
    Cure.ADD_CUSTOM_IDS: "adds custom_ids",
    Cure.UNWRAP_PARAMS: "turns params into body",
    Cure.DROP_DUPLICATES: "drops repeated lines",
}
"""What each mend does."""


class MendAction:
    """Writes the mended copy after a yes; the file itself is never touched."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def selected(self, selection: Selection) -> None:
        """Ask whether the file under the cursor should be mended."""
        path, report = selection.file, selection.report
        if path is None or report is None or not report.mends:
            return
        cures = report.mends
        target = free_name(path, "mended")
        self._desk.ask(
            mend_question(target, cures),
            lambda: self._desk.start(self._mend(path, target, cures), name="mend", group="mend"),
        )

    async def _mend(self, path: Path, target: Path, cures: frozenset[Cure]) -> None:
        desk = self._desk
        desk.say(f"Mending {printable(path.name)}…")
        try:
            changed = await desk.cockpit.workshop.cure(path, target, cures)
            report = await desk.cockpit.workshop.check(
                target, limits=desk.cockpit.settings.profile.limits, wants_digest=False
            )
        except BatchTuiError as error:
            desk.fail(str(error))
            return
        desk.record("mend", f"Mended {formatting.plural(changed, 'line')} of {path} into {target}")
        desk.on_files()
        desk.say(mended_text(target, changed, report))


def mend_question(target: Path, cures: frozenset[Cure]) -> tuple[Piece, ...]:
    """What the confirmation says."""
    deeds = ", ".join(WORDS[cure] for cure in Cure if cure in cures)
    return (
        Piece("Write ", Tone.ACCENT),
        Piece(f"{printable(target.name)}?", Tone.STRONG),
        Piece(f"  {deeds}; the file itself stays as it is", Tone.MUTED),
    )


def mended_text(target: Path, changed: int, report: Report) -> str:
    """How it went, and what is left to do."""
    left = "ready to submit" if report.is_valid else f"{damage(report)} left"
    return f"Wrote {printable(target.name)}: {formatting.plural(changed, 'line')} mended, {left}."
