"""How numbers, sizes, times and money are written: once, for the screen and the command line alike."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal

_BINARY = ("B", "kB", "MB", "GB", "TB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
UNKNOWN = "-"
"""What stands in a cell nobody can fill."""


def size(count: int | None) -> str:
    """Bytes in four characters and a unit, decimal: ``0 B``, ``999 B``, ``1.2 kB``, ``195 MB``."""
    if count is None or count < 0:
        return UNKNOWN
    value = float(count)
    for unit in _BINARY:
        if value < 999.5 or unit == _BINARY[-1]:
            digits = 1 if unit != "B" and value < 9.95 else 0
            return f"{value:.{digits}f} {unit}"
        value /= 1000
    raise AssertionError


def amount(count: int) -> str:
    """A count that stays narrow: exact below 10,000, then ``31.2k``, ``1.20M``."""
    if abs(count) < 10_000:
        return str(count)
    if abs(count) < 999_950:
        return f"{count / 1000:.1f}k"
    return f"{count / 1_000_000:.2f}M"


def grouped(count: int) -> str:
    """A count in full, with its thousands apart: ``31,204``."""
    return f"{count:,}"


def duration(seconds: float | None) -> str:
    """A span in its two largest units, no wider than six cells: ``12s``, ``9m05s``, ``3h12m``, ``2d04h``."""
    if seconds is None or seconds < 0 or seconds != seconds:  # noqa: PLR0124 - NaN
        return UNKNOWN
    whole = int(min(seconds, 999 * _DAY))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02d}h"


def day(at: float | None, now: float) -> str:
    """A time by the local clock: ``15:10`` within a day, else ``21 Nov``; of another year ``21 Nov 2025``."""
    return _written(at, now, "%d %b", "%d %b %Y")


def narrow_day(at: float | None, now: float) -> str:
    """The same in six cells: ``15:10``, ``21 Nov``; of another year its month, ``Nov'25``.

    ``05:35+`` is tomorrow's, ``23:10-`` yesterday's.
    """
    text, then, today = _written(at, now, "%d %b", "%b'%y"), _local(at), _local(now)
    if at is None or then is None or today is None or abs(now - at) >= _DAY or then[:3] == today[:3]:
        return text
    return text + ("+" if at > now else "-")


def _written(at: float | None, now: float, day_form: str, year_form: str) -> str:
    """A local time: with the clock within a day, else by one of two forms of ``strftime``."""
    then, today = _local(at), _local(now)
    if at is None or then is None or today is None:
        return UNKNOWN
    if abs(now - at) < _DAY:
        return time.strftime("%H:%M", then)
    return time.strftime(day_form if then.tm_year == today.tm_year else year_form, then)


def moment(at: float, now: float) -> str:
    """A local time with its day when that isn't today.

    ``15:10``, ``15:10 tomorrow``, ``15:10 Nov 24``; of another year ``15:10 Nov 24 2025``.
    """
    then, today = _local(at), _local(now)
    if then is None or today is None:
        return UNKNOWN
    clock = time.strftime("%H:%M", then)
    if then[:3] == today[:3]:
        return clock
    for days, word in ((1, "tomorrow"), (-1, "yesterday")):
        other = _local(now + days * _DAY)
        if other is not None and other[:3] == then[:3]:
            return f"{clock} {word}"
    return f"{clock} {time.strftime('%b %d' if then.tm_year == today.tm_year else '%b %d %Y', then)}"


def _local(at: float | None) -> time.struct_time | None:
    """A time by the local clock; None for one that no calendar has."""
    try:
        return None if at is None else time.localtime(at)
    except (OverflowError, OSError, ValueError):
        return None


def percent(fraction: float) -> str:
    """A share as ``62%``; rounds down, so that 100% means all of it."""
    return f"{int(max(0.0, min(1.0, fraction)) * 100)}%"


def money(usd: Decimal | float | None) -> str:
    """US dollars: ``$0.0031`` below ten cents, ``<$0.0001``, ``$1.20``, ``$1,204``; ``n/a`` when unknown."""
    if usd is None:
        return "n/a"
    value = float(usd)
    if value == 0:
        return "$0.00"
    if 0 < value < 0.00005:
        return "<$0.0001"
    if abs(value) < 0.1:
        return f"${value:.4f}"
    return f"${value:,.2f}" if abs(value) < 1000 else f"${value:,.0f}"


def rate(per_minute: float | None) -> str:
    """Requests a minute: ``168/min``, ``0.4/min``."""
    if per_minute is None:
        return UNKNOWN
    return f"{per_minute:.1f}/min" if per_minute < 10 else f"{per_minute:.0f}/min"


def named(names: Sequence[str], most: int, word: str = "") -> str:
    """As many names as a sentence takes, and how many there are beyond: ``a, b and 2 more``.

    Args:
        names: At least one.
        most: How many of them are told.
        word: What one beyond is called; empty for ``more``.
    """
    beyond = len(names) - most
    more = (plural(beyond, word) if word else f"{beyond} more") if beyond > 0 else ""
    return ", ".join(names[:most]) + (f" and {more}" if more else "")


def plural(count: int, word: str) -> str:
    """A count with its word: ``1 request``, ``1,204 requests``; ``batch`` and the like take ``es``."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word}{'es' if word.endswith(('ch', 's', 'x')) else 's'}"
