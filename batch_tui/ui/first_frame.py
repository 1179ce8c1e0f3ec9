"""The last picture of the screen, painted before anything is loaded; the live screen follows under the same keys.

It imports nothing that a bare Python hasn't loaded: that is its whole point. The file is disposable: it is
painted only for the same terminal size, environment, directory, configuration and version, and says its age.
"""

from __future__ import annotations

import os
import sys
import time

from batch_tui._version import __version__

MAX_AGE = 7 * 86400
"""Seconds after which a picture says too little to be shown."""
_MAGIC = b"batch-tui frame 2"
MAX_BYTES = 4_000_000
"""Size of the file: a screen of 1,000 by 200 cells, each in a colour of its own, is as long."""
_WATCHED = frozenset({
    "TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8", "HOME",
    "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
})  # fmt: skip
_FAMILIES = ("OPENAI_", "BATCH_TUI_", "TEXTUAL")
_BEGIN, _CLEAR = b"\x1b[?1049h\x1b[?25l", b"\x1b[0m\x1b[2J"
_LEAVE = b"\x1b[0m\x1b[?1049l\x1b[?25h"
_IFLAG, _LFLAG, _CC = 0, 3, 6


class FirstFrame:
    """The picture of one start, and the terminal under it.

    Args:
        environ: The environment: where the picture lies, and what it must agree with.
        input_fd: The terminal's input.
        output_fd: The terminal's output, where the screen is drawn.
    """

    def __init__(self, environ: dict[str, str], *, input_fd: int = 0, output_fd: int = 2) -> None:
        self._environ = environ
        self._in, self._out = input_fd, output_fd
        self.path = os.path.join(_cache_directory(environ), "frame")
        self.attributes: list[int | list[bytes | int]] | None = None
        """The terminal's settings before anything was changed; None when nothing was."""
        self.is_painted = False
        self.place = ""
        """What was written down beside the picture that is painted: where in the lists it shows the user."""

    def paint(self, now: float | None = None) -> bool:
        """Show the picture if there is one that fits; False when nothing was touched."""
        try:
            found = self._load(time.time() if now is None else now)
            if found is None or not self._is_ours():
                return False
            self._quieten()
            self.is_painted = True  # a signal may come in the middle of it
            os.write(self._out, found)
        except (OSError, ValueError):
            self.leave()
            return False
        return True

    def leave(self) -> None:
        """Give the terminal back as it was found, without waiting for it; harmless when that is done already."""
        if self.is_painted:
            self.is_painted = False
            try:
                os.set_blocking(self._out, False)
                os.write(self._out, _LEAVE)
            except OSError:
                pass
            finally:
                os.set_blocking(self._out, True)
        self.restore()

    def restore(self) -> None:
        """Put the terminal's settings back."""
        if self.attributes is not None:
            import termios  # noqa: PLC0415 - loaded by now

            try:
                termios.tcsetattr(self._in, termios.TCSANOW, self.attributes)
            except (termios.error, OSError):
                return

    def save(self, lines: list[str], columns: int, config: str, now: float | None = None, place: str = "") -> bool:
        """Keep a picture for the next start; False when it is too long, or the disk refuses.

        Args:
            lines: The screen's lines as they are sent to the terminal, top to bottom.
            columns: Cells of each.
            config: The configuration file: another one, or another content, is another screen.
            now: Unix seconds.
            place: Where in the lists it shows the user, on one line.
        """
        body = b"".join(f"\x1b[{y};1H{line}".encode() for y, line in enumerate(lines, 1))
        head = (_MAGIC, config.encode(), self._fingerprint(config).encode())
        size = b"%d %d %d" % (columns, len(lines), int(time.time() if now is None else now))
        content = b"\n".join((*head, size, place.encode(), body))
        if len(content) > MAX_BYTES:
            return False
        temporary = f"{self.path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, self.path)
        except (OSError, ValueError):
            return False
        return True

    def _load(self, now: float) -> bytes | None:
        """What to send, or None when there is no picture for this start."""
        with open(self.path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        parts = content.split(b"\n", 5) if len(content) <= MAX_BYTES else []
        if len(parts) != 6 or parts[0] != _MAGIC or parts[2].decode() != self._fingerprint(os.fsdecode(parts[1])):
            return None
        columns, lines, at = (int(word) for word in parts[3].split())
        age = max(0, int(now) - at)
        if age > MAX_AGE or (columns, lines) != tuple(os.get_terminal_size(self._out)):
            return None
        note = f" stale {age_text(age)} \u00b7 opening "
        if not note.isascii() and "utf" not in _charset(self._environ):
            note = note.replace("\u00b7", "-")
        place = f"\x1b[1;{max(1, columns - len(note) + 1)}H\x1b[0;7m{note}\x1b[0m".encode()
        self.place = parts[4].decode()
        return _BEGIN + _CLEAR + parts[5] + place

    def _fingerprint(self, config: str) -> str:
        """One word for everything the picture depends on; a key goes in, and can't be got out."""
        environ = self._environ
        kept = [f"{k}={v}" for k, v in sorted(environ.items()) if k in _WATCHED or k.startswith(_FAMILIES)]
        words = (__version__, os.getcwd(), config, _state_of(config), *kept)
        return digest(words)

    def _is_ours(self) -> bool:
        """True when this process may use the terminal now: in the foreground, on both ends."""
        if self._environ.get("TERM", "dumb") in {"", "dumb", "unknown"}:
            return False
        return os.isatty(self._in) and os.isatty(self._out) and os.tcgetpgrp(self._in) == os.getpgrp()

    def _quieten(self) -> None:
        """Keys typed from now on are kept, one by one and without an echo, until the screen reads them."""
        import termios  # noqa: PLC0415 - only a start that paints needs it

        try:
            self.attributes = termios.tcgetattr(self._in)
            quiet = list(self.attributes)
            # Enter must come as what it is, not as the line feed that a shell wants.
            quiet[_IFLAG] = termios.tcgetattr(self._in)[_IFLAG] & ~termios.ICRNL
            quiet[_LFLAG] = termios.tcgetattr(self._in)[_LFLAG] & ~(termios.ECHO | termios.ICANON)
            special = list(termios.tcgetattr(self._in)[_CC])
            special[termios.VMIN], special[termios.VTIME], special[termios.VSUSP] = 1, 0, b"\0"
            quiet[_CC] = special
            termios.tcsetattr(self._in, termios.TCSANOW, quiet)
        except termios.error as error:
            raise OSError(str(error)) from error


def wanted(words: list[str], environ: dict[str, str]) -> FirstFrame | None:
    """The first frame of a start with these words; None when they ask for something else than the screen."""
    if words or not (environ.get("HOME") or environ.get("XDG_CACHE_HOME")):
        return None
    return FirstFrame(environ)


def digest(words: tuple[str, ...]) -> str:
    """One word for many."""
    from _blake2 import blake2b  # noqa: PLC0415 - hashlib loads all of OpenSSL for it: 3 ms

    return blake2b("\0".join(words).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def age_text(seconds: int) -> str:
    """An age in one unit: ``40s``, ``12m``, ``3h``, ``2d``."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _cache_directory(environ: dict[str, str]) -> str:
    named = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(named):
        named = os.path.join(environ.get("HOME", ""), "Library/Caches" if sys.platform == "darwin" else ".cache")
    return os.path.join(named, "batch-tui")


def _charset(environ: dict[str, str]) -> str:
    if environ.get("PYTHONUTF8") == "1":
        return "utf-8"
    return (environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "").lower()


def _state_of(path: str) -> str:
    """Changes whenever the file does."""
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return "-"
    return f"{state.st_mtime_ns} {state.st_size}"
