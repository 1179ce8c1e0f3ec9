"""What only the screen can judge of a configuration: keys, columns, the theme."""

from __future__ import annotations

from pathlib import Path

from batch_tui.domain.errors import ConfigurationError
from batch_tui.engine.configuration.config import read_config
from batch_tui.engine.configuration.settings import Settings
from batch_tui.ui.commands.keymap import read_keymap
from batch_tui.ui.panes.columns import read_columns


def check_settings(settings: Settings) -> None:
    """Judge settings as the screen does when it opens.

    Raises:
        ConfigurationError: It would not open; names the file and the line.
    """
    path = settings.paths.config
    read_keymap(settings.keymap, path=path)
    read_columns(settings.columns, path)
    if settings.theme is not None:
        _check_theme(settings.theme, path)


def _check_theme(theme: str, path: Path) -> None:
    from textual.theme import BUILTIN_THEMES  # noqa: PLC0415 - the doctor wants nothing of it but its names

    from batch_tui.ui.themes import TERMINAL, choose_theme  # noqa: PLC0415

    try:
        choose_theme(theme, (*BUILTIN_THEMES, TERMINAL))
    except ConfigurationError as error:
        config = read_config(path)
        if config.ui.theme != theme:
            raise  # the environment's
        raise ConfigurationError(f"{config.place('ui', 'theme')}: {error}") from error
