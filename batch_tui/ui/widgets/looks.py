"""What a tone looks like in a theme: its colours taken from the theme itself, not by rules of the style sheet.

Twelve rules for each widget cost a tenth of the time until the screen is up, and would say the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from rich.style import Style
from textual.color import Color

NO_COLOR = {
    "muted": Style(dim=True),
    "strong": Style(bold=True),
    "error": Style(bold=True),
    "cursor": Style(reverse=True),
    "cursor-blurred": Style(bold=True, underline=True),
    "header": Style(dim=True),
    "hit": Style(reverse=True),
    "key": Style(bold=True),
}
"""Without any colour."""
OWN_COLORS = NO_COLOR | {
    "accent": Style(color="cyan"),
    "success": Style(color="green"),
    "warning": Style(color="yellow"),
    "error": Style(color="red", bold=True),
    "cursor": Style(color="default", dim=False, reverse=True),
    "hit": Style(color="yellow", reverse=True),
    "key": Style(color="cyan", bold=True),
}
"""The terminal's own colours: nothing is said about the ground, so they serve dark and light ones."""


class _Recipe(Struct, frozen=True):
    """Which of a theme's variables make a look."""

    ink: str
    ground: str = ""
    """Empty for the widget's own."""
    is_bold: bool = False


_RECIPES = {
    "plain": _Recipe("foreground"),
    "muted": _Recipe("text-muted"),
    "strong": _Recipe("foreground", is_bold=True),
    "accent": _Recipe("text-primary"),
    "success": _Recipe("text-success"),
    "warning": _Recipe("text-warning"),
    "error": _Recipe("text-error"),
    "header": _Recipe("text-muted"),
    "cursor": _Recipe("block-cursor-foreground", "block-cursor-background"),
    "cursor-blurred": _Recipe("foreground", "block-cursor-blurred-background"),
    "hit": _Recipe("background", "warning"),
    "key": _Recipe("text-primary", is_bold=True),
}


def look_in(theme: Mapping[str, str], name: str, ground: Color) -> Style:
    """The style of a look.

    Args:
        theme: A theme's variables.
        name: Of the look.
        ground: What the widget stands on.
    """
    recipe = _RECIPES[name]
    if recipe.ground:
        ground += _color(theme[recipe.ground], ground)
    ink = ground + _color(theme[recipe.ink], ground)
    return Style(color=ink.rich_color, bgcolor=ground.rich_color, bold=recipe.is_bold or None)


def _color(text: str, ground: Color) -> Color:
    """A variable's colour: ``#1e90ff``, ``auto 60%`` (what stands out from the ground), ``ansi_blue 50%``."""
    name, _, share = text.partition(" ")
    alpha = float(share.rstrip("%")) / 100 if share else 1.0
    return ground.get_contrast_text(alpha) if name == "auto" else Color.parse(name).multiply_alpha(alpha)
