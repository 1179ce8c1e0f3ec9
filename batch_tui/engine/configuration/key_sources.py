"""Keys kept outside the configuration: what a command prints, or an entry of the system's keyring. Blocking."""

from __future__ import annotations

import shlex

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.text import printable

KEY_COMMAND_SECONDS = 30.0
"""Time a key command may take: long enough to touch a security key."""
_ESCAPES = (RuntimeError, ImportError, AttributeError, OSError, ValueError)
"""What backends let out beside the keyring's own errors."""


def key_from_command(command: str, place: str, *, limit: float = KEY_COMMAND_SECONDS) -> str:
    """The first line a command prints; run without a shell.

    Args:
        command: Words as a shell splits them.
        place: Where it is configured, for messages.
        limit: Seconds it may take.

    Raises:
        ConfigurationError: It can't be run, fails, takes too long, or prints nothing.
    """
    import subprocess  # noqa: PLC0415 - only profiles with a command need it

    try:
        words = shlex.split(command)
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False)
    except ValueError as error:
        raise ConfigurationError(f"{place}: api_key_command is not a command: {error}.") from error
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{place}: api_key_command took longer than {limit:g} seconds.") from None
    except (OSError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is empty"
        raise ConfigurationError(f"{place}: api_key_command can't be run: {reason}.") from error
    if done.returncode != 0:
        said = printable(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0], 200)
        raise ConfigurationError(f"{place}: api_key_command failed with {done.returncode}{said and f': {said}'}.")
    first = done.stdout.decode("utf-8", "replace").lstrip().partition("\n")[0].strip()
    if not first:
        raise ConfigurationError(f"{place}: api_key_command printed nothing.")
    return first


def key_from_keyring(entry: str, place: str) -> str:
    """The password of an entry of the system's keyring.

    Args:
        entry: ``SERVICE/USER`` as in ``keyring set SERVICE USER``; the last slash parts them.
        place: Where it is configured, for messages.

    Raises:
        ConfigurationError: The extra isn't installed, or the keyring is missing, locked or without the entry.
    """
    service, _, user = entry.rpartition("/")
    if not service or not user:
        raise ConfigurationError(
            f"{place}: api_key_keyring must be SERVICE/USER, as in: keyring set SERVICE USER."
        )
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to load
        import keyring.errors  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            f"{place}: api_key_keyring needs the package keyring: install batch-tui[keyring]."
        ) from error
    try:
        secret = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError as error:
        raise ConfigurationError(
            f"{place}: there is no keyring on this machine; use api_key_command or api_key_env instead."
        ) from error
    except keyring.errors.KeyringLocked as error:
        raise ConfigurationError(f"{place}: the keyring is locked; unlock it and try again.") from error
    except (keyring.errors.KeyringError, *_ESCAPES) as error:
        reason = printable(str(error).partition("\n")[0], 200) or type(error).__name__
        raise ConfigurationError(
            f"{place}: the keyring can't be read ({reason}); `keyring diagnose` tells more."
        ) from error
    if not secret:
        names = printable(f"{service} {user}", 120)
        raise ConfigurationError(f"{place}: the keyring has no such entry; make it with: keyring set {names}.")
    return secret
