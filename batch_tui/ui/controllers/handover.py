"""Handing over to other programs: the editor, the pager, the clipboard."""

from __future__ import annotations

import asyncio
import shlex
import signal
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from textual.app import SuspendNotSupported

from batch_tui.domain.batch import Batch
from batch_tui.ui.commands.copy_choices import Choice, chosen_of, copy_choices, menu_note
from batch_tui.ui.commands.selection import Selection
from batch_tui.ui.desk import Desk
from batch_tui.ui.terminal.clipboard import copy
from batch_tui.ui.terminal.guest import GuestRoom

_COLON_EDITORS = frozenset({"hx", "helix", "subl", "zed"})
_GOTO_EDITORS = frozenset({"code", "codium", "cursor"})


class Handover:
    """Opens things in ``$EDITOR`` and ``$PAGER``, and copies them.

    Args:
        desk: What actions work with.
        guests: Lends the terminal to other programs.
        write: Sends a sequence to the terminal.
        environ: The environment.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        guests: GuestRoom,
        write: Callable[[str], None],
        environ: Mapping[str, str],
    ) -> None:
        self._desk = desk
        self._guests = guests
        self._write = write
        self._environ = environ

    def edit(self, selection: Selection) -> None:
        """Open what is selected in the editor."""
        if selection.place is not None:
            self._run(self._editor, selection.place.path, selection.place.line)
        else:
            self._open(selection, self._editor)

    def page(self, selection: Selection) -> None:
        """Open what is selected in the pager."""
        self._open(selection, self._environ.get("PAGER") or "less")

    async def let_edit(self, path: Path) -> bool:
        """Open a file in the editor until that is left; False, and said why, when it can't be opened."""
        return await self._lend(self._editor, path)

    @property
    def _editor(self) -> str:
        return self._environ.get("VISUAL") or self._environ.get("EDITOR") or "vi"

    def copy_id(self, selection: Selection) -> None:
        """Copy the id of what is selected, or the text under the cursor."""
        text = copied_text(selection)
        if text:
            self.copy_text(text)

    def menu(self, selection: Selection) -> None:
        """Offer everything of what is selected that can be copied, each under a letter."""
        choices = copy_choices(selection)
        if choices:
            self._desk.choose("copy ", menu_note(choices), lambda text: self._take(choices, text))
        else:
            self._desk.say("There is nothing to copy here.")

    def _take(self, choices: tuple[Choice, ...], text: str) -> bool:
        choice = chosen_of(choices, text)
        if choice is not None:
            self.copy_text(choice.text)
        return choice is not None

    def copy_text(self, text: str) -> None:
        """Copy a text."""
        self._desk.start(self._copy(text), name="copy", group="")

    async def _copy(self, text: str) -> None:
        said = await copy(text, self._environ, self._write)
        first = text.splitlines()[0] if text else ""
        self._desk.say(f"{first[:60]}  {said}")

    def _open(self, selection: Selection, command: str) -> None:
        if selection.file is not None:
            self._run(command, selection.file)
            return
        text = selection.text or (_raw(selection.batch) if selection.batch is not None else "")
        self._desk.start(self._show(command, text), name="handover", group="")

    async def _show(self, command: str, text: str) -> None:
        """Open a text in a file of its own, which goes when it is closed."""
        with tempfile.TemporaryDirectory(prefix="batch-tui-") as directory:
            path = Path(directory) / "selection.json"
            await asyncio.to_thread(_write, path, text)
            await self._lend(command, path)

    def _run(self, command: str, path: Path, line: int = 0) -> None:
        self._desk.start(self._open_file(command, path, line), name="handover", group="")

    async def _open_file(self, command: str, path: Path, line: int) -> None:
        await self._lend(command, path, line)

    async def _lend(self, command: str, path: Path, line: int = 0) -> bool:
        """Open a file in a program until that is left; False, and said why, when it can't be started."""
        try:
            words = shlex.split(command)
            words += at_line(words[0], path, line) if line and words else [str(path)]
        except ValueError:
            self._desk.fail(f"{command!r} is no command line; mend EDITOR or PAGER.")
            return False
        try:
            code = await self._guests.lend(words)
        except OSError as error:
            self._desk.fail(f"{words[0]} can't be started ({error.strerror}); set EDITOR or PAGER.")
        except SuspendNotSupported:
            self._desk.fail("This terminal can't be handed to another program.")
        else:
            self._desk.on_files()
            if code:
                self._desk.say(f"{words[0]} {ended_with(code)}.")
            return True
        return False


def ended_with(code: int) -> str:
    """How a program ended that didn't end well: ``ended with exit code 1``, ``was ended by SIGSEGV``."""
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _write(path: Path, text: str) -> None:
    from batch_tui.jsonl.pages import pretty  # noqa: PLC0415 - not at the start

    path.write_text(pretty(text.encode("utf-8", "replace")), encoding="utf-8", errors="replace")


def at_line(editor: str, path: Path, line: int) -> list[str]:
    """Arguments with which an editor opens a file at a line: ``+LINE`` for all but a few."""
    name = Path(editor).name
    if name in _COLON_EDITORS:
        return [f"{path}:{line}"]
    if name in _GOTO_EDITORS:
        return ["--goto", f"{path}:{line}"]
    return [f"+{line}", str(path)]


def copied_text(selection: Selection) -> str:
    """What ``y`` copies."""
    if selection.file is not None:
        return str(selection.file)
    if selection.remote_file is not None:
        return selection.remote_file.id
    if selection.custom_id and not selection.is_in_text:
        return selection.custom_id
    if not selection.is_in_text and selection.batch is not None:
        return "\n".join(batch.id for batch in selection.targets)
    return selection.text or (selection.batch.id if selection.batch is not None else "")


def _raw(batch: Batch) -> str:
    return batch.raw or batch.id
