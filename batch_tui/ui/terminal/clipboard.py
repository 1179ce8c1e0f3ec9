"""Copying from a remote terminal: through tmux where there is one, else by the terminal itself (OSC 52)."""

from __future__ import annotations

import base64
from asyncio import create_subprocess_exec, timeout
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping

OSC52_LIMIT = 74_994
"""Bytes of text that fit the 100,000 characters many terminals take in one sequence."""
_TMUX_PATIENCE = 2.0
SENT = "Sent to the terminal's clipboard."


def osc52(text: str) -> str:
    """The sequence that asks a terminal to take a text into its clipboard; base64, so no text can break it."""
    data = text.encode("utf-8", errors="replace")[:OSC52_LIMIT]
    return f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"


def uses_tmux(environ: Mapping[str, str]) -> bool:
    """True inside tmux: it keeps the text in a buffer of its own, and hands it on to the terminal."""
    return bool(environ.get("TMUX"))


async def copy(text: str, environ: Mapping[str, str], write: Callable[[str], object]) -> str:
    """Copy a text and say in one sentence where it went.

    Args:
        text: What to copy.
        environ: The environment: ``TMUX`` decides the way.
        write: Sends a sequence to the terminal, without tmux or when tmux fails.
    """
    if uses_tmux(environ) and await _load_tmux_buffer(text):
        return "Sent to tmux's buffer and the terminal's clipboard."
    write(osc52(text))
    if len(text.encode("utf-8", errors="replace")) > OSC52_LIMIT:
        return f"Sent the first {OSC52_LIMIT:,} bytes to the terminal's clipboard: it takes no more."
    return SENT


async def _load_tmux_buffer(text: str) -> bool:
    try:
        process = await create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-", stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL
        )
    except OSError:
        return False
    try:
        async with timeout(_TMUX_PATIENCE):
            await process.communicate(text.encode("utf-8", errors="replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
    return process.returncode == 0
