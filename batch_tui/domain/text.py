"""The one door for text from outside: nothing it gives can move a cursor, write a clipboard or hide.

A terminal obeys bytes, and no widget of the field filters them: a model's answer, a file's name or an error
message may carry ESC sequences, C1 controls, bidirectional overrides or invisible tags. Each such character
becomes exactly one visible one, so columns and search offsets keep their place. ``str.isprintable`` is False
for every one of them and runs at memory speed: text without any passes untouched.
"""

from __future__ import annotations

from functools import cache

_PICTURES = {c: 0x2400 + c for c in range(0x20)} | {0x7F: 0x2421}
_HIDDEN = (
    *range(0x80, 0xA0),
    0xAD,
    0x34F,
    0x61C,
    0x115F,
    0x1160,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0x3164,
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
    *range(0x13430, 0x13460),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0100, 0xE01F0),
    *range(0xE0000, 0xE0080),
    *range(0xD800, 0xE000),
)
_LABEL = _PICTURES | dict.fromkeys(_HIDDEN, 0xFFFD)
_BODY = {code: picture for code, picture in _LABEL.items() if code not in {0x09, 0x0A}}
_MAX_COMBINING = 8
LABEL_LIMIT = 4096
"""Characters a label may have before it is clipped."""


def printable(text: object, limit: int = LABEL_LIMIT) -> str:
    """Text for a label, a cell or a title: one line, no control or hidden character, at most ``limit`` long."""
    label = text if isinstance(text, str) else str(text)
    if len(label) > limit:
        label = label[: max(0, limit - 1)] + "…"
    if label.isascii() and label.isprintable():
        return label
    return _calm(label.translate(_LABEL))


def printable_body(text: str) -> str:
    """Text for a viewer: newlines and tabs stay (CRLF becomes LF), all else as in :func:`printable`."""
    text = text.replace("\r\n", "\n")
    return "\n".join(
        line if line.isascii() and line.isprintable() else _calm(line.translate(_BODY))
        for line in text.split("\n")
    )


def printable_json(text: str) -> str:
    """JSON text that no terminal obeys and that hides nothing: the same value, those characters as escapes."""
    return text if text.isascii() and text.isprintable() else text.translate(_escapes())


@cache
def _escapes() -> dict[int, str]:
    """Beyond U+FFFF an escape is two; control characters below U+0020 are escapes in every JSON text."""
    escapes = {code: f"\\u{code:04x}" for code in (0x7F, *_HIDDEN) if code <= 0xFFFF}
    for code in (code - 0x10000 for code in _HIDDEN if code > 0xFFFF):
        escapes[code + 0x10000] = f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return escapes


def _calm(line: str) -> str:
    """Cut runs of combining marks: a million of them on one letter would stall a frame."""
    from unicodedata import combining  # noqa: PLC0415 - a megabyte that ASCII screens never need

    if not any(map(combining, line)):
        return line
    kept: list[str] = []
    run = 0
    for char in line:
        run = run + 1 if combining(char) else 0
        if run <= _MAX_COMBINING:
            kept.append(char)
    return "".join(kept)


def clip(text: str, width: int) -> str:
    """Text cut to ``width`` characters with an ellipsis; empty for widths below 1."""
    if len(text) <= width:
        return text
    return text[: width - 1] + "…" if width > 0 else ""
