"""What a tone looks like in a theme: its colours taken from the theme itself, not by rules of the style sheet.

Twelve rules for each widget cost a tenth of the time until the screen is up, and would say the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

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


_LEAST_CONTRAST = 3.0
"""Between a letter and its ground, as WCAG 2.2 counts it for what carries meaning; amber on pale grey has 2."""
_STEPS = 20
_ON_PALE = 0.6
"""Share of the colour that the row of a cursor without the focus keeps in a light theme."""


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
    grounds: tuple[Color, ...] = (ground, _grounded(theme, "cursor-blurred", ground))
    if recipe.ground:
        ground = _grounded(theme, name, ground)
        grounds = (ground,)
    ink = legible(ground + _color(theme[recipe.ink], ground), grounds)
    return Style(color=ink.rich_color, bgcolor=ground.rich_color, bold=recipe.is_bold or None)


def _grounded(theme: Mapping[str, str], name: str, ground: Color) -> Color:
    """The ground of a look that brings its own; fainter where a pale one would leave little room for colours."""
    own = _color(theme[_RECIPES[name].ground], ground)
    is_pale = name == "cursor-blurred" and ground.brightness > 0.5
    return ground + (own.multiply_alpha(_ON_PALE) if is_pale else own)


@lru_cache(maxsize=256)
def legible(ink: Color, grounds: tuple[Color, ...]) -> Color:
    """A colour that can be read on each of its grounds: itself where it can, else as little darker or lighter.

    Args:
        ink: The colour a theme gives to letters.
        grounds: What they stand on; the first one decides which way to go.
    """
    best = grounds[0].get_contrast_text(1.0)
    shades = (ink.blend(best, step / _STEPS) for step in range(_STEPS + 1))
    return next(
        (shade for shade in shades if all(contrast(shade, ground) >= _LEAST_CONTRAST for ground in grounds)), best
    )


def contrast(first: Color, second: Color) -> float:
    """How much two colours stand out from each other, as WCAG 2.2 counts it: 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    """The light of a colour, 0 to 1, as WCAG 2.2 counts it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _color(text: str, ground: Color) -> Color:
    """A variable's colour: ``#1e90ff``, ``auto 60%`` (what stands out from the ground), ``ansi_blue 50%``."""
    name, _, share = text.partition(" ")
    alpha = float(share.rstrip("%")) / 100 if share else 1.0
    return ground.get_contrast_text(alpha) if name == "auto" else Color.parse(name).multiply_alpha(alpha)
