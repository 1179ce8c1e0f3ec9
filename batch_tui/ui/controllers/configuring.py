"""The configuration in the editor, and what came of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from batch_tui.domain.errors import ConfigurationError
from batch_tui.ui.controllers.handover import Handover
from batch_tui.ui.desk import Desk

if TYPE_CHECKING:
    from batch_tui.engine.configuration.settings import Settings


class Configuring:
    """Opens the configuration, and reads it as the next start will: a mistake is told now, not then.

    Args:
        desk: What actions work with.
        handover: Opens the editor.
    """

    def __init__(self, desk: Desk, handover: Handover) -> None:
        self._desk = desk
        self._handover = handover

    def open(self) -> None:
        """Open it in the editor."""
        self._desk.start(self._edit(), name="configuration", group="")

    async def _edit(self) -> None:
        desk, settings = self._desk, self._desk.cockpit.settings
        path = settings.paths.config
        before = await asyncio.to_thread(_content, path)
        if not await self._handover.let_edit(path):
            return
        after = await asyncio.to_thread(_content, path)
        try:
            if after is not None:
                await asyncio.to_thread(_check, settings)
        except ConfigurationError as error:
            # The file's name is enough: a long path would push the mistake off the line.
            told = str(error).replace(str(path), path.name)
            desk.fail(f"{told} What runs stays as it is; ⟦config⟧ opens it again.")
            return
        if after != before:
            desk.say("The configuration is read, and well: it takes effect at the next start.")


def _content(path: Path) -> bytes | None:
    """What stands in a file; None when it can't be read, which whoever reads it for its sense will tell."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _check(settings: Settings) -> None:
    """Read what the next start would read, but for the key.

    Raises:
        ConfigurationError: It would not open.
    """
    from batch_tui.engine.configuration.settings import Flags, load_settings, profile_names  # noqa: PLC0415
    from batch_tui.ui.settings_check import check_settings  # noqa: PLC0415 - not at the start

    profile = settings.profile
    environ = {**os.environ, "BATCH_TUI_CONFIG": str(settings.paths.config)}
    is_there = profile.name in profile_names(environ)
    flags = Flags(profile=profile.name if is_there else None, insecure_http=profile.insecure_http)
    check_settings(load_settings(environ, flags, needs_key=False))
