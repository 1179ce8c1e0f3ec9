"""Which colours the screen takes: a theme of Textual's, or the terminal's own sixteen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from textual.theme import BUILTIN_THEMES

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable

TERMINAL = "terminal"
"""The terminal's own colours, whatever they are: right on dark and on light ones, and the fewest bytes."""
DEFAULT = "textual-dark"

TERMINAL_THEME = replace(BUILTIN_THEMES["ansi-dark"], name=TERMINAL)
"""What our lines look like in it stands in ``widgets.lines``; this is for the ground between them."""


def choose_theme(wanted: str | None, known: Iterable[str], *, has_palette: bool = True) -> str:
    """The name of the theme to take.

    Args:
        wanted: What the configuration or the environment asks for; None for nothing.
        known: Names of all themes.
        has_palette: False where only the terminal's own 16 colours are certain.

    Raises:
        ConfigurationError: There is no theme of that name.
    """
    if wanted is None:
        return DEFAULT if has_palette else TERMINAL
    names = sorted(known)
    if wanted not in names:
        raise ConfigurationError(
            f'theme = "{printable(wanted, 60)}": there is no such theme. There are: {", ".join(names)}.'
        )
    return wanted
